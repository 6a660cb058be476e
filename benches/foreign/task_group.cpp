// oneTBB's task_group in an arena, under the workloads of `compare`: see README.md for what is said
// between the two.
//
//   task_group 2 1000
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

namespace {

using namespace oneapi;
using Number = std::uint64_t;

constexpr int submitters = 4;

std::atomic<std::int64_t> left;
std::atomic<Number> seen;
int links;
// Neither is destroyed: the process ends with its input.
tbb::task_arena* arena;
tbb::task_group* group;
// The results that nobody has collected.
std::mutex mutex;
std::condition_variable some;
std::vector<Number> sums;

[[noreturn]] void fail(const std::string& error) {
    std::cout << error << std::endl;
    std::_Exit(1);
}

// From outside: the threads of the arena run it, and the caller does not.
template <typename Job>
void submit(Job job) {
    arena->enqueue(group->defer(std::move(job)));
}

void expect(std::int64_t jobs) {
    left.store(jobs);
}

void count_down(Number number) {
    // So that the number is made, whatever the compiler sees; a store for each job would be shared.
    if (number == Number{1} << 63) {
        seen.store(number);
    }
    if (left.fetch_sub(1) == 1) {
        left.notify_all();
    }
}

// Sleeps until the last job wakes it: others change the value and wake nobody.
void wait_for_all() {
    for (auto now = left.load(); now > 0; now = left.load()) {
        left.wait(now);
    }
    if (left.load() != 0) {
        fail("too many jobs have run");
    }
}

void check(Number sum, Number jobs) {
    if (sum != jobs * (jobs + 1) / 2) {
        fail("a result is wrong or missing");
    }
}

// A number that depends on each step before: the same as in work.rs.
Number chain(Number number) {
    for (int n = 0; n < links; ++n) {
        number = (number ^ (number >> 29)) * 0x9E3779B97F4A7C15;
    }
    return number;
}

void ext(Number jobs) {
    expect(jobs);
    for (Number n = 0; n < jobs; ++n) {
        submit([n] { count_down(n); });
    }
    wait_for_all();
}

void send(Number result) {
    std::lock_guard lock(mutex);
    sums.push_back(result);
    if (sums.size() == 1) {
        some.notify_one();
    }
}

void results(Number jobs) {
    for (Number n = 0; n < jobs; ++n) {
        submit([n] { send(n + 1); });
    }
    Number sum = 0, count = 0;
    for (std::vector<Number> batch; count < jobs; batch.clear()) {
        {
            std::unique_lock lock(mutex);
            some.wait(lock, [] { return !sums.empty(); });
            batch.swap(sums);
        }
        for (Number one : batch) {
            sum += one;
        }
        count += batch.size();
    }
    check(sum, jobs);
}

// A thread that submits when it is told how many.
class Submitter {
  public:
    Submitter() {
        std::thread([this] { run(); }).detach();
    }

    void order(Number jobs) {
        std::lock_guard lock(mutex);
        orders.push_back(jobs);
        some.notify_one();
    }

  private:
    void run() {
        for (std::unique_lock lock(mutex);; lock.lock()) {
            some.wait(lock, [this] { return !orders.empty(); });
            Number jobs = orders.front();
            orders.pop_front();
            lock.unlock();
            for (Number n = 0; n < jobs; ++n) {
                submit([n] { count_down(n); });
            }
        }
    }

    std::mutex mutex;
    std::condition_variable some;
    std::deque<Number> orders;
};

void multi(Number jobs) {
    static auto* crew = new std::vector<Submitter>(submitters);
    expect(jobs / submitters * submitters);
    for (auto& submitter : *crew) {
        submitter.order(jobs / submitters);
    }
    wait_for_all();
}

void node(int depth) {
    count_down(depth);
    if (depth > 0) {
        group->run([depth] { node(depth - 1); });
        group->run([depth] { node(depth - 1); });
    }
}

void tree(Number jobs) {
    expect(jobs);
    int depth = std::bit_width(jobs + 1) - 2;
    submit([depth] { node(depth); });
    wait_for_all();
}

// A task has no handle to its result, so each has a promise.
void handles(Number jobs) {
    std::vector<std::future<Number>> handles;
    handles.reserve(jobs);
    for (Number n = 0; n < jobs; ++n) {
        // By pointer, since the group calls a closure as a constant, and a promise changes.
        auto promise = new std::promise<Number>;
        handles.push_back(promise->get_future());
        submit([promise, n] {
            promise->set_value(n + 1);
            delete promise;
        });
    }
    Number sum = 0;
    for (auto& handle : handles) {
        sum += handle.get();
    }
    check(sum, jobs);
}

void work(Number jobs) {
    expect(jobs);
    for (Number n = 0; n < jobs; ++n) {
        submit([n] { count_down(chain(n)); });
    }
    wait_for_all();
}

void round(const std::string& workload, Number jobs) {
    if (workload == "ext") {
        ext(jobs);
    } else if (workload == "results") {
        results(jobs);
    } else if (workload == "multi") {
        multi(jobs);
    } else if (workload == "tree") {
        tree(jobs);
    } else if (workload == "handles") {
        handles(jobs);
    } else if (workload == "work1us") {
        work(jobs);
    } else {
        fail("there is no workload " + workload);
    }
}

}  // namespace

int main(int, char** arguments) {
    int workers = std::atoi(arguments[1]);
    links = std::atoi(arguments[2]);
    // The library counts the thread that calls it, which is none of the workers here.
    tbb::global_control most(tbb::global_control::max_allowed_parallelism, workers + 1);
    // No place is kept for a thread from outside.
    arena = new tbb::task_arena(workers, 0);
    group = new tbb::task_group;
    std::string workload;
    for (Number jobs; std::cin >> workload >> jobs;) {
        auto start = std::chrono::steady_clock::now();
        round(workload, jobs);
        std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - start;
        std::cout << taken.count() << std::endl;
    }
    std::_Exit(0);
}
