//! The limiter against a simulated cluster: no clock, no thread, the same for the same seed.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use siem_loader::sink::{Limiter, Load, Pace, Random, Retry, Ticket};

const BODY: usize = 4 << 20;

/// A cluster with so many write threads, each busy with one body at a time, and a queue before them.
#[derive(Clone)]
struct Cluster {
    threads: usize,
    queue: usize,
    /// Milliseconds a body, from a time on. Milliseconds.
    service: Vec<(u64, u64)>,
    /// When it answers 503. Milliseconds.
    away: Option<(u64, u64)>,
}

impl Cluster {
    fn new(threads: usize, service: u64) -> Self {
        Self { threads, queue: usize::MAX, service: vec![(0, service)], away: None }
    }

    fn service(&self, now: u64) -> u64 {
        self.service.iter().rev().find(|(from, _)| *from * 1000 <= now).unwrap().1 * 1000
    }

    fn is_away(&self, now: u64) -> bool {
        self.away.is_some_and(|(from, to)| (from * 1000..to * 1000).contains(&now))
    }
}

enum Event {
    Try(usize),
    Done(usize, Ticket),
    Refused(usize, Ticket),
}

struct Client {
    limiter: Limiter,
    random: Random,
    /// When its bodies may be sent (again), and how often each failed.
    ready: Vec<(u64, u32)>,
    under_way: VecDeque<u32>,
}

/// What happened in each second.
#[derive(Default, Clone, Copy, Debug)]
struct Second {
    arrived: u64,
    done: u64,
    refused: u64,
    /// Most bodies in the cluster.
    inside: usize,
}

/// Simulates processes that always have something to send. Time in microseconds.
fn simulate(cluster: &Cluster, processes: usize, max: usize, seconds: u64, seed: u64) -> Vec<Second> {
    let mut noise = Random::seeded(seed);
    let retry = Retry::default();
    let mut clients: Vec<Client> = (0..processes as u64)
        .map(|number| Client {
            limiter: Limiter::new(max, Pace::default(), Random::seeded(seed * 1000 + number)),
            random: Random::seeded(seed * 1000 + 500 + number),
            ready: vec![(0, 0); max],
            under_way: VecDeque::new(),
        })
        .collect();
    let mut told = vec![Second::default(); seconds as usize];
    // Events are kept apart from their times: tickets cannot be compared.
    let mut events: Vec<Option<Event>> = Vec::new();
    let mut times = BinaryHeap::new();
    let schedule = |times: &mut BinaryHeap<_>, events: &mut Vec<Option<Event>>, time: u64, event| {
        events.push(Some(event));
        times.push(Reverse((time, events.len() - 1)));
    };
    for number in 0..processes {
        schedule(&mut times, &mut events, 0, Event::Try(number));
    }
    let mut busy = 0;
    let mut queue: VecDeque<(usize, Ticket)> = VecDeque::new();
    while let Some(Reverse((now, number))) = times.pop() {
        let Some(second) = told.get_mut((now / 1_000_000) as usize) else { break };
        let clock = Duration::from_micros(now);
        let work = (cluster.service(now) as f64 * (0.8 + 0.4 * noise.unit())) as u64;
        let number = match events[number].take().unwrap() {
            Event::Try(number) => number,
            Event::Done(number, ticket) => {
                second.done += 1;
                busy -= 1;
                if let Some((waiting, ticket)) = queue.pop_front() {
                    busy += 1;
                    schedule(&mut times, &mut events, now + work, Event::Done(waiting, ticket));
                }
                let client = &mut clients[number];
                client.limiter.end(ticket, clock, Load::Fine { bytes: BODY });
                client.under_way.pop_front();
                client.ready.push((now, 0));
                number
            }
            Event::Refused(number, ticket) => {
                second.refused += 1;
                let client = &mut clients[number];
                client.limiter.end(ticket, clock, Load::TooMuch);
                let failures = client.under_way.pop_front().unwrap();
                let pause = retry.pause(failures, &mut client.random).as_micros() as u64;
                client.ready.push((now + pause, failures + 1));
                schedule(&mut times, &mut events, now + pause, Event::Try(number));
                number
            }
        };
        let client = &mut clients[number];
        while let Some(body) = client.ready.iter().position(|(time, _)| *time <= now) {
            let Some(ticket) = client.limiter.begin(clock) else { break };
            client.under_way.push_back(client.ready.swap_remove(body).1);
            second.arrived += 1;
            if cluster.is_away(now) || busy + queue.len() >= cluster.threads.saturating_add(cluster.queue) {
                schedule(&mut times, &mut events, now + 2_000, Event::Refused(number, ticket));
            } else if busy < cluster.threads {
                busy += 1;
                schedule(&mut times, &mut events, now + work, Event::Done(number, ticket));
            } else {
                queue.push_back((number, ticket));
            }
            second.inside = second.inside.max(busy + queue.len());
        }
        let not_before = client.limiter.not_before().as_micros() as u64 + 1;
        if not_before > now + 1 {
            schedule(&mut times, &mut events, not_before, Event::Try(number));
        }
    }
    told
}

/// Bodies a second, of those that the cluster can take: 1 is all.
fn share(told: &[Second], capacity: f64) -> f64 {
    told.iter().map(|second| second.done).sum::<u64>() as f64 / told.len() as f64 / capacity
}

fn inside(told: &[Second]) -> f64 {
    told.iter().map(|second| second.inside).sum::<usize>() as f64 / told.len() as f64
}

fn capacity(threads: usize, service: u64) -> f64 {
    threads as f64 * 1000.0 / service as f64
}

#[test]
fn it_finds_as_many_requests_as_the_cluster_works_on() {
    for (threads, service) in [(1, 100), (2, 400), (3, 100), (4, 1000), (8, 200), (12, 100), (16, 500)] {
        for seed in 0..5 {
            let told = simulate(&Cluster::new(threads, service), 1, 64, 600, seed);
            let settled = &told[300..];
            let (share, inside) = (share(settled, capacity(threads, service)), inside(settled));
            assert!(share >= 0.9, "{threads} threads, {service} ms: {share} of what it can");
            let most = 2.0 * threads as f64 + 3.0;
            assert!((threads as f64 * 0.9..=most).contains(&inside), "{threads} threads: {inside} inside");
        }
    }
}

#[test]
fn it_never_goes_beyond_its_bound() {
    let told = simulate(&Cluster::new(16, 100), 1, 3, 60, 7);
    assert!(told.iter().all(|second| second.inside <= 3), "{told:?}");
    assert!(share(&told[10..], capacity(3, 100)) >= 0.95);
}

#[test]
fn a_cluster_that_gets_slower_and_faster_again_is_followed() {
    for seed in 0..5 {
        let cluster =
            Cluster { service: vec![(0, 100), (200_000, 500), (600_000, 100)], ..Cluster::new(6, 100) };
        let told = simulate(&cluster, 1, 32, 900, seed);
        let (slow, fast) = (&told[450..600], &told[750..]);
        println!(
            "slow {:.3} {:.1}; fast {:.3} {:.1}",
            share(slow, 12.0),
            inside(slow),
            share(fast, 60.0),
            inside(fast)
        );
        assert!(share(slow, capacity(6, 500)) >= 0.8 && inside(slow) <= 24.0);
        assert!(share(fast, capacity(6, 100)) >= 0.85 && inside(fast) <= 24.0);
    }
}

#[test]
fn after_an_outage_it_comes_back_and_does_not_hammer_meanwhile() {
    for seed in 0..5 {
        let cluster = Cluster { away: Some((60_000, 180_000)), ..Cluster::new(4, 200) };
        let told = simulate(&cluster, 1, 16, 300, seed);
        let refused: u64 = told[70..180].iter().map(|second| second.refused).sum();
        println!("{refused} refused in 110 s; after {:.3}", share(&told[240..], capacity(4, 200)));
        // The process as a whole pauses 5 seconds on average.
        assert!(refused <= 60, "{refused} requests to a cluster that is away");
        assert!(share(&told[240..], capacity(4, 200)) >= 0.9);
    }
}

#[test]
fn refusals_are_few_where_the_queue_is_short() {
    for (threads, queue) in [(2, 1), (2, 4), (4, 2), (8, 8)] {
        for seed in 0..5 {
            let cluster = Cluster { queue, ..Cluster::new(threads, 200) };
            let told = simulate(&cluster, 1, 32, 600, seed);
            let done: u64 = told.iter().map(|second| second.done).sum();
            let refused: u64 = told.iter().map(|second| second.refused).sum();
            let share = share(&told[60..], capacity(threads, 200));
            assert!(refused * 10 <= done, "{refused} of {done}");
            assert!(share >= 0.75, "{share}");
        }
    }
}

#[test]
fn fifty_processes_that_start_together_do_not_stampede() {
    for (queue, floor) in [(usize::MAX, 0.95), (200, 0.95), (40, 0.8)] {
        for seed in 0..3 {
            let cluster = Cluster { queue, ..Cluster::new(8, 200) };
            let told = simulate(&cluster, 50, 16, 600, seed);
            let start: u64 = told[..3].iter().map(|second| second.arrived).sum();
            let inside = told.iter().map(|second| second.inside).max().unwrap();
            let arrived: u64 = told.iter().map(|second| second.arrived).sum();
            let done: u64 = told.iter().map(|second| second.done).sum();
            let share = share(&told[60..], capacity(8, 200));
            // Without limits 50 processes have 800 requests under way.
            assert!(start <= 50 * 2 + 3 * 40 + 180, "{start} requests in the first three seconds");
            assert!(inside <= 320, "{inside} inside at once");
            assert!(arrived * 2 <= done * 3, "{arrived} requests for {done} bodies");
            assert!(share >= floor, "{share}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run_and_another_another() {
    let run = |seed| format!("{:?}", simulate(&Cluster { queue: 3, ..Cluster::new(2, 100) }, 3, 8, 60, seed));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
