// A channel of functions and goroutines that range over it, under the workloads of `compare`: see
// README.md for what is said between the two.
//
//	pool 2 1000
package main

import (
	"bufio"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const submitters = 4

// Jobs that submit jobs would wait for each other if the channel were full: it has room for all jobs
// of a round.
const room = 1 << 20

var (
	jobs  = make(chan func(), room)
	sums  = make(chan uint64, room)
	done  = make(chan struct{}, 1)
	left  int64
	seen  uint64
	links int
	crew  [submitters]chan func()
)

func main() {
	workers := number(os.Args[1])
	links = number(os.Args[2])
	for n := 0; n < workers; n++ {
		go run(jobs)
	}
	for n := range crew {
		crew[n] = make(chan func())
		go run(crew[n])
	}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		fmt.Println(round(words[0], number(words[1])))
	}
}

func run(jobs <-chan func()) {
	for job := range jobs {
		job()
	}
}

func number(word string) int {
	number, err := strconv.Atoi(word)
	if err != nil {
		panic(err)
	}
	return number
}

// The nanoseconds that a round took.
func round(workload string, count int) int64 {
	start := time.Now()
	switch workload {
	case "ext":
		expect(count)
		for n := 0; n < count; n++ {
			number := uint64(n)
			jobs <- func() { countDown(number) }
		}
		waitForAll()
	case "results":
		for n := 0; n < count; n++ {
			number := uint64(n)
			jobs <- func() { sums <- number + 1 }
		}
		var sum uint64
		for n := 0; n < count; n++ {
			sum += <-sums
		}
		check(sum, count)
	case "multi":
		multi(count)
	case "tree":
		expect(count)
		depth := bits.Len(uint(count+1)) - 2
		jobs <- func() { node(depth) }
		waitForAll()
	case "handles":
		handles(count)
	case "work1us":
		expect(count)
		for n := 0; n < count; n++ {
			number := uint64(n)
			jobs <- func() { countDown(chain(number)) }
		}
		waitForAll()
	default:
		panic(workload)
	}
	return time.Since(start).Nanoseconds()
}

func multi(count int) {
	share := count / submitters
	expect(share * submitters)
	for _, orders := range crew {
		orders <- func() {
			for n := 0; n < share; n++ {
				number := uint64(n)
				jobs <- func() { countDown(number) }
			}
		}
	}
	waitForAll()
}

func node(depth int) {
	countDown(uint64(depth))
	if depth > 0 {
		jobs <- func() { node(depth - 1) }
		jobs <- func() { node(depth - 1) }
	}
}

func handles(count int) {
	handles := make([]chan uint64, count)
	for n := range handles {
		number, result := uint64(n), make(chan uint64, 1)
		handles[n] = result
		jobs <- func() { result <- number + 1 }
	}
	var sum uint64
	for _, handle := range handles {
		sum += <-handle
	}
	check(sum, count)
}

// A number that depends on each step before: the same as in work.rs.
func chain(number uint64) uint64 {
	for n := 0; n < links; n++ {
		number = (number ^ (number >> 29)) * 0x9E3779B97F4A7C15
	}
	return number
}

func expect(count int) {
	atomic.StoreInt64(&left, int64(count))
}

func countDown(number uint64) {
	// So that the number is made, whatever the compiler sees; a store for each job would be shared.
	if number == 1<<63 {
		seen = number
	}
	if atomic.AddInt64(&left, -1) == 0 {
		done <- struct{}{}
	}
}

func waitForAll() {
	<-done
	if now := atomic.LoadInt64(&left); now != 0 {
		panic(fmt.Sprint("too many jobs have run: ", now))
	}
}

func check(sum uint64, count int) {
	if sum != uint64(count)*uint64(count+1)/2 {
		panic(fmt.Sprint("a result is wrong or missing: ", sum))
	}
}
