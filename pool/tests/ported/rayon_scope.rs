//! After rayon-core's tests of scopes.

use std::sync::atomic::{AtomicUsize, Ordering};

use pool::Scope;

use crate::rayon_tools::{outside_and_inside, scrambled, thrown};
use crate::setup::{Handle, Pool, Setup, Tally};

on_every_backend! {
    scope_empty
    scope_result
    scope_two
    scope_divide_and_conquer
    update_tree
    linear_stack_growth
    panic_propagate_scope
    panic_propagate_spawn
    panic_propagate_nested_spawn
    panic_propagate_nested_scope_spawn
    panic_propagate_first_of_many
    panic_propagate_still_execute_1
    panic_propagate_still_execute_2
    panic_propagate_still_execute_3
    panic_propagate_still_execute_4
    static_scope
    mixed_lifetime_scope
    scope_join
}

fn scope_empty(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut ran = false;
        pool.scope(|_| ran = true);
        assert!(ran);
    });
}

fn scope_result(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let ran = Tally::default();
        let result = pool.scope(|scope| {
            scope.spawn(|| ran.add());
            22
        });
        assert_eq!((result, ran.get()), (22, 1));
    });
}

fn scope_two(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let counter = AtomicUsize::new(0);
        pool.scope(|scope| {
            scope.spawn(|| _ = counter.fetch_add(1, Ordering::SeqCst));
            scope.spawn(|| _ = counter.fetch_add(10, Ordering::SeqCst));
        });
        assert_eq!(counter.into_inner(), 11);
    });
}

fn scope_divide_and_conquer(setup: Setup) {
    fn divide<'scope>(scope: &'scope Scope<'scope, '_>, leaves: &'scope AtomicUsize, size: usize) {
        if size == 1 {
            leaves.fetch_add(1, Ordering::Relaxed);
            return;
        }
        scope.spawn(move || divide(scope, leaves, size / 2));
        scope.spawn(move || divide(scope, leaves, size - size / 2));
    }
    outside_and_inside(setup, |pool| {
        let leaves = AtomicUsize::new(0);
        pool.scope(|scope| divide(scope, &leaves, 1_000));
        assert_eq!(leaves.into_inner(), 1_000);
    });
}

struct Tree {
    value: u32,
    children: Vec<Tree>,
}

impl Tree {
    /// As many nodes as there are numbers; the numbers also decide on the shape.
    fn grow(numbers: &[u32]) -> Self {
        let (root, mut rest) = numbers.split_first().unwrap();
        let mut children = Vec::new();
        while !rest.is_empty() {
            let (child, others) = rest.split_at(rest[0] as usize % rest.len() + 1);
            children.push(Self::grow(child));
            rest = others;
        }
        Self { value: *root, children }
    }

    fn values(&self) -> Vec<u32> {
        let below = self.children.iter().flat_map(Self::values);
        std::iter::once(self.value).chain(below).collect()
    }

    fn update<'scope>(&'scope mut self, scope: &'scope Scope<'scope, '_>) {
        self.value = self.value.wrapping_add(1);
        for child in &mut self.children {
            scope.spawn(move || child.update(scope));
        }
    }
}

fn update_tree(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let numbers = scrambled(500);
        let mut tree = Tree::grow(&numbers);
        assert_eq!(tree.values(), numbers);
        pool.scope(|scope| tree.update(scope));
        let expected: Vec<u32> = numbers.iter().map(|number| number.wrapping_add(1)).collect();
        assert_eq!(tree.values(), expected);
    });
}

/// How far the stack reaches, at most, in a chain of so many children, each spawned by the one before.
fn reach(pool: &Handle, length: usize) -> usize {
    fn link<'scope>(
        scope: &'scope Scope<'scope, '_>,
        bottom: usize,
        reach: &'scope AtomicUsize,
        left: usize,
    ) {
        let here = 0_u8;
        let distance = bottom.abs_diff(std::ptr::from_ref(std::hint::black_box(&here)).addr());
        reach.fetch_max(distance, Ordering::Relaxed);
        if left > 0 {
            scope.spawn(move || link(scope, bottom, reach, left - 1));
        }
    }
    let (here, reach) = (0_u8, AtomicUsize::new(0));
    let bottom = std::ptr::from_ref(std::hint::black_box(&here)).addr();
    pool.scope(|scope| link(scope, bottom, &reach, length));
    reach.into_inner()
}

fn linear_stack_growth(setup: Setup) {
    // Paused, so that all of it lies on the owner's stack.
    let pool: Pool = setup.builder().paused().build().unwrap();
    let (short, long) = (reach(&pool, 5), reach(&pool, 5_000));
    assert!(long <= 2 * short, "a chain of 5 reaches {short} bytes, one of 5000 {long}");
}

fn panic_propagate_scope(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let text = thrown(|| pool.scope(|_| -> u8 { panic!("the body, on purpose") }));
        assert_eq!(text, "the body, on purpose");
    });
}

fn panic_propagate_spawn(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let spawn = || pool.scope(|scope| scope.spawn(|| panic!("a child, on purpose")));
        assert_eq!(thrown(spawn), "a child, on purpose");
    });
}

fn panic_propagate_nested_spawn(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let spawn = || {
            pool.scope(|scope| {
                scope.spawn(move || {
                    scope.spawn(move || scope.spawn(|| panic!("a grandchild, on purpose")));
                });
            });
        };
        assert_eq!(thrown(spawn), "a grandchild, on purpose");
    });
}

fn panic_propagate_nested_scope_spawn(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let spawn = || {
            pool.scope(|outer| {
                outer.spawn(|| pool.scope(|inner| inner.spawn(|| panic!("inside, on purpose"))));
            });
        };
        assert_eq!(thrown(spawn), "inside, on purpose");
    });
}

fn panic_propagate_first_of_many(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let ran = Tally::default();
        let spawn = || {
            pool.scope(|scope| {
                for _ in 0..20 {
                    scope.spawn(|| {
                        ran.add();
                        panic!("a child, on purpose");
                    });
                }
                panic!("the body, on purpose");
            });
        };
        assert_eq!(thrown(spawn), "the body, on purpose", "the body's goes before all others");
        assert_eq!(ran.get(), 20);
    });
}

fn panic_propagate_still_execute_1(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut ran = false;
        let spawn = || {
            pool.scope(|scope| {
                scope.spawn(|| panic!("the first, on purpose"));
                scope.spawn(|| ran = true);
            });
        };
        assert_eq!(thrown(spawn), "the first, on purpose");
        assert!(ran);
    });
}

fn panic_propagate_still_execute_2(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut ran = false;
        let spawn = || {
            pool.scope(|scope| {
                scope.spawn(|| ran = true);
                scope.spawn(|| panic!("the second, on purpose"));
            });
        };
        assert_eq!(thrown(spawn), "the second, on purpose");
        assert!(ran);
    });
}

fn panic_propagate_still_execute_3(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut ran = false;
        let spawn = || {
            pool.scope(|scope| {
                scope.spawn(|| ran = true);
                panic!("the body, on purpose");
            });
        };
        assert_eq!(thrown(spawn), "the body, on purpose");
        assert!(ran);
    });
}

fn panic_propagate_still_execute_4(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut ran = false;
        let spawn = || {
            pool.scope(|scope| {
                scope.spawn(|| {
                    scope.spawn(|| ran = true);
                    panic!("the parent, on purpose");
                });
            });
        };
        assert_eq!(thrown(spawn), "the parent, on purpose");
        assert!(ran);
    });
}

fn static_scope(setup: Setup) {
    static NUMBERS: [usize; 5] = [1, 2, 3, 4, 5];
    outside_and_inside(setup, |pool| {
        let sum = AtomicUsize::new(0);
        pool.scope(|scope| {
            // The numbers outlive everything, the sum just the scope.
            for number in &NUMBERS {
                let sum = &sum;
                scope.spawn(move || _ = sum.fetch_add(*number, Ordering::Relaxed));
            }
        });
        assert_eq!(sum.into_inner(), 15);
    });
}

fn mixed_lifetime_scope(setup: Setup) {
    /// The counters live longer than the slice they are in.
    fn increment<'counter>(
        pool: &Handle,
        counters: &[&'counter AtomicUsize],
    ) -> &'counter AtomicUsize {
        pool.scope(|scope| {
            for counter in counters {
                scope.spawn(|| _ = counter.fetch_add(1, Ordering::Relaxed));
            }
            counters[0]
        })
    }
    outside_and_inside(setup, |pool| {
        let counters = [const { AtomicUsize::new(0) }; 4];
        let first = {
            let refs: Vec<&AtomicUsize> = counters.iter().chain(&counters[..2]).collect();
            increment(pool, &refs)
        };
        assert_eq!(first.load(Ordering::Relaxed), 2);
        assert_eq!(counters.map(AtomicUsize::into_inner), [2, 2, 1, 1]);
    });
}

fn scope_join(setup: Setup) {
    /// A join made of a scope.
    fn sort(pool: &Handle, numbers: &mut [u32]) {
        if numbers.len() < 2 {
            return;
        }
        let pivot = numbers.len() / 2;
        let (low, _, high) = numbers.select_nth_unstable(pivot);
        pool.scope(|scope| {
            scope.spawn(|| sort(pool, high));
            sort(pool, low);
        });
    }
    outside_and_inside(setup, |pool| {
        let mut numbers = scrambled(300);
        sort(pool, &mut numbers);
        assert!(numbers.is_sorted());
    });
}
