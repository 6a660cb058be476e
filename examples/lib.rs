//! The examples in the README, which are compiled and run as documentation.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
