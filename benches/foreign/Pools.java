// ForkJoinPool and ThreadPoolExecutor under the workloads of `compare`: see README.md for what is said
// between the two.
//
//   java Pools ForkJoinPool 2 1000

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

final class Pools {
    private static final int SUBMITTERS = 4;

    // Static and final, so that nothing of it is looked up for each job.
    private static final AtomicInteger left = new AtomicInteger();
    private static final BlockingQueue<Long> sums = new LinkedTransferQueue<>();
    private static final List<BlockingQueue<Runnable>> crew = new ArrayList<>();
    private static volatile Thread waiter;
    private static volatile long seen;
    private static ExecutorService pool;
    private static int links;

    public static void main(String[] arguments) throws Exception {
        int workers = Integer.parseInt(arguments[1]);
        links = Integer.parseInt(arguments[2]);
        if (arguments[0].equals("ForkJoinPool")) {
            pool = new ForkJoinPool(workers);
        } else {
            var executor = new ThreadPoolExecutor(
                workers, workers, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
            executor.prestartAllCoreThreads();
            pool = executor;
        }
        startCrew();
        var commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = commands.readLine()) != null; ) {
            String[] words = line.split(" ");
            System.out.println(round(words[0], Integer.parseInt(words[1])));
            System.out.flush();
        }
        pool.shutdownNow();
    }

    /** The nanoseconds that a round took. */
    private static long round(String workload, int jobs) throws Exception {
        long start = System.nanoTime();
        switch (workload) {
            case "ext" -> ext(jobs);
            case "results" -> results(jobs);
            case "multi" -> multi(jobs);
            case "tree" -> tree(jobs);
            case "handles" -> handles(jobs);
            case "work1us" -> work(jobs);
            default -> throw new IllegalArgumentException(workload);
        }
        return System.nanoTime() - start;
    }

    private static void ext(int jobs) {
        expect(jobs);
        for (int n = 0; n < jobs; n++) {
            int number = n;
            pool.execute(() -> countDown(number));
        }
        waitForAll();
    }

    private static void results(int jobs) throws Exception {
        for (long n = 0; n < jobs; n++) {
            long number = n;
            pool.execute(() -> sums.add(number + 1));
        }
        long sum = 0;
        for (int n = 0; n < jobs; n++) {
            sum += sums.take();
        }
        check(sum, jobs);
    }

    private static void multi(int jobs) throws Exception {
        int share = jobs / SUBMITTERS;
        expect(share * SUBMITTERS);
        for (var orders : crew) {
            orders.put(() -> {
                for (int n = 0; n < share; n++) {
                    int number = n;
                    pool.execute(() -> countDown(number));
                }
            });
        }
        waitForAll();
    }

    private static void startCrew() {
        for (int n = 0; n < SUBMITTERS; n++) {
            var orders = new LinkedBlockingQueue<Runnable>();
            crew.add(orders);
            var thread = new Thread(() -> {
                try {
                    while (true) {
                        orders.take().run();
                    }
                } catch (InterruptedException end) {
                    // Nobody interrupts.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static void tree(int jobs) {
        expect(jobs);
        int depth = 30 - Integer.numberOfLeadingZeros(jobs + 1);
        if (pool instanceof ForkJoinPool forkJoin) {
            forkJoin.execute(new Node(depth));
        } else {
            pool.execute(() -> node(depth));
        }
        waitForAll();
    }

    private static void node(int depth) {
        countDown(depth);
        if (depth > 0) {
            pool.execute(() -> node(depth - 1));
            pool.execute(() -> node(depth - 1));
        }
    }

    /** A job of a tree by ForkJoinPool's own means. */
    private static final class Node extends RecursiveAction {
        private final int depth;

        Node(int depth) {
            this.depth = depth;
        }

        @Override
        protected void compute() {
            countDown(depth);
            if (depth > 0) {
                new Node(depth - 1).fork();
                new Node(depth - 1).fork();
            }
        }
    }

    private static void handles(int jobs) throws Exception {
        var handles = new ArrayList<Future<Long>>(jobs);
        for (long n = 0; n < jobs; n++) {
            long number = n;
            handles.add(pool.submit(() -> number + 1));
        }
        long sum = 0;
        for (var handle : handles) {
            sum += handle.get();
        }
        check(sum, jobs);
    }

    private static void work(int jobs) {
        expect(jobs);
        for (long n = 0; n < jobs; n++) {
            long number = n;
            pool.execute(() -> countDown(chain(number)));
        }
        waitForAll();
    }

    /** A number that depends on each step before: the same as in `work.rs`. */
    private static long chain(long number) {
        for (int n = 0; n < links; n++) {
            number = (number ^ (number >>> 29)) * 0x9E3779B97F4A7C15L;
        }
        return number;
    }

    private static void expect(int jobs) {
        waiter = Thread.currentThread();
        left.set(jobs);
    }

    private static void countDown(long number) {
        // So that the number is made, whatever the compiler sees; a store for each job would be shared.
        if (number == Long.MIN_VALUE) {
            seen = number;
        }
        if (left.decrementAndGet() == 0) {
            LockSupport.unpark(waiter);
        }
    }

    private static void waitForAll() {
        while (left.get() > 0) {
            LockSupport.park();
        }
        if (left.get() != 0) {
            throw new IllegalStateException("too many jobs have run: " + left.get());
        }
    }

    private static void check(long sum, long jobs) {
        if (sum != jobs * (jobs + 1) / 2) {
            throw new IllegalStateException("a result is wrong or missing: " + sum);
        }
    }
}
