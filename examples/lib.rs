//! Nothing: the package is there for its example programs.
