//! A pool at work, whose metrics can be scraped:
//!
//! ```text
//! cargo run --release -p pool-example-metrics -- 127.0.0.1:9187
//! curl http://127.0.0.1:9187/metrics
//! ```
//!
//! It runs until it is interrupted. With `once` behind the address it runs a round of jobs and prints the metrics.

use std::error::Error;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use drainpool::{SubmitOptions, ThreadPool, WhenFull};
use pool_example_metrics::{pool, recorder, serve};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9187".to_owned());
    let (recorder, metrics) = recorder();
    let pool = pool("example", recorder)?;
    if arguments.next().as_deref() == Some("once") {
        work(&pool)?;
        pool.wait_idle()?;
        print!("{}", metrics.render());
        return Ok(());
    }
    let listener = TcpListener::bind(&address)?;
    println!("http://{}/metrics", listener.local_addr()?);
    thread::spawn(move || serve(&listener, &metrics));
    loop {
        work(&pool)?;
        thread::sleep(Duration::from_millis(100));
    }
}

/// Submits jobs of two kinds, more of them than there is room for.
fn work(pool: &ThreadPool) -> Result<(), Box<dyn Error>> {
    let sums = pool.with(SubmitOptions::new().label("sum"));
    let primes = pool.with(SubmitOptions::new().label("primes").when_full(WhenFull::Fail));
    for n in 1..100_u64 {
        drop(sums.spawn(move || (1..=n * 1_000).fold(0_u64, u64::wrapping_add))?);
        // Those for which there is no room are left out, and counted as refused.
        drop(primes.spawn(move || (2..n * 10).filter(|n| is_prime(*n)).count()));
    }
    Ok(())
}

fn is_prime(n: u64) -> bool {
    (2..n).take_while(|divisor| divisor * divisor <= n).all(|divisor| !n.is_multiple_of(divisor))
}
