//! Who talks to whom: interfaces and the flows at them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    corpus::hex,
    rng::Rng,
    world::{Pool, World},
};

/// A network interface of the estate.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) id: String,
    pub(super) vpc: usize,
    pub(super) subnet: String,
    pub(super) instance: String,
    pub(super) zone: u64,
    /// Of the account; those AWS makes for itself are of nobody.
    pub(super) owned: bool,
    pub(super) task: Option<Task>,
    address: Ipv4Addr,
    address6: Ipv6Addr,
}

/// What runs behind an interface in ECS.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) cluster: String,
    pub(super) family: String,
    pub(super) revision: u64,
    pub(super) id: String,
    pub(super) container: u64,
}

impl Interface {
    /// All interfaces of a world.
    pub(super) fn all(rng: &mut Rng, world: &World) -> Vec<Self> {
        let one = |pool: Pool, at: u64| {
            let names = world.pool(pool);
            names.get(at as usize % names.len().max(1)).cloned().unwrap_or_default()
        };
        let make = |(at, id): (usize, &String)| {
            // A subnet is in one VPC and one zone.
            let subnet = rng.below(world.pool(Pool::Subnet).len() as u64);
            let vpc = subnet as usize % world.pool(Pool::Vpc).len().max(1);
            let host = rng.between(4, 250);
            let task = rng.chance(300).then(|| Task {
                cluster: one(Pool::Cluster, rng.below(6)),
                family: one(Pool::Family, rng.below(16)),
                revision: rng.between(1, 90),
                id: hex(rng, 32),
                container: rng.between(1_000_000_000, 3_999_999_999),
            });
            let instance =
                if task.is_none() && rng.chance(800) { one(Pool::Instance, at as u64) } else { "-".into() };
            Self {
                id: id.clone(),
                vpc,
                subnet: one(Pool::Subnet, subnet),
                owned: task.is_some() || instance != "-" || rng.chance(500),
                instance,
                zone: subnet % 3 + 1,
                task,
                address: Ipv4Addr::new(10, vpc as u8, subnet as u8, host as u8),
                address6: Ipv6Addr::new(0x2001, 0xdb8, 0x1200, subnet as u16, 0, 0, at as u16, host as u16),
            }
        };
        world.pool(Pool::Interface).iter().enumerate().map(make).collect()
    }
}

/// What a flow is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Talk {
    /// A browser or an app outside calls a web server here.
    #[default]
    Visit,
    /// A server here asks another one here.
    Inside,
    /// A name is resolved, or the clock set.
    Small,
    /// A server here calls a service of AWS.
    Service,
    /// A server here calls somebody outside.
    Outside,
    /// Somebody outside tries ports.
    Scan,
    /// A ping.
    Echo,
    /// Nothing was seen.
    Quiet,
    /// AWS could not record what there was.
    Skipped,
}

impl Talk {
    const SHARES: &'static [(u64, Self)] = &[
        (250, Self::Visit),
        (480, Self::Inside),
        (620, Self::Small),
        (740, Self::Service),
        (800, Self::Outside),
        (955, Self::Scan),
        (965, Self::Echo),
        (998, Self::Quiet),
        (1000, Self::Skipped),
    ];

    pub(super) fn draw(rng: &mut Rng) -> Self {
        let point = rng.below(1000);
        Self::SHARES.iter().find(|(below, _)| point < *below).map(|(_, talk)| *talk).unwrap_or_default()
    }

    pub(super) fn is_answered(self) -> bool {
        !matches!(self, Self::Scan | Self::Quiet | Self::Skipped)
    }
}

/// Seen from the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Direction {
    #[default]
    Ingress,
    Egress,
}

/// One row's traffic.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) source: IpAddr,
    pub(super) target: IpAddr,
    pub(super) packet_source: IpAddr,
    pub(super) packet_target: IpAddr,
    pub(super) ports: (u64, u64),
    pub(super) protocol: u8,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) flags: u8,
    pub(super) accepted: bool,
    pub(super) status: &'static str,
    pub(super) direction: Direction,
    /// The service of AWS at the other end, or `-`.
    pub(super) service: &'static str,
    /// `traffic-path`; 0 where there is none.
    pub(super) path: u8,
}

impl Default for Flow {
    fn default() -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            source: nobody,
            target: nobody,
            packet_source: nobody,
            packet_target: nobody,
            ports: (0, 0),
            protocol: 6,
            packets: 0,
            bytes: 0,
            flags: 0,
            accepted: true,
            status: "NODATA",
            direction: Direction::Ingress,
            service: "-",
            path: 0,
        }
    }
}

/// SYN, and the flags of a connection that began and ended within the interval.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html>
const SYN: u8 = 2;
const SYN_FIN: u8 = 3;
const SYN_ACK_FIN: u8 = 19;

impl Flow {
    /// A flow at an interface.
    pub(super) fn of(talk: Talk, here: &Interface, all: &[Interface], rng: &mut Rng) -> Self {
        let high = rng.between(1024, 65_535);
        let packets = rng.between(1, 24) + if rng.chance(60) { rng.between(100, 90_000) } else { 0 };
        let tcp = |port: u64| Self {
            ports: (high, port),
            packets,
            bytes: packets * (40 + high % 900) + port % 32,
            flags: if packets > 24 { 0 } else { SYN_FIN },
            status: "OK",
            ..Self::default()
        };
        let six = rng.chance(50);
        match talk {
            Talk::Visit => {
                let from = outsider(rng, six);
                let port = rng.pick(&[443, 443, 443, 80, 8443]);
                let accepted = rng.chance(985);
                Self { accepted, ..tcp(port) }.between(from, here.at(six))
            }
            Talk::Inside => {
                let port = rng.pick(&[5432, 3306, 6379, 8080, 9092, 27_017, 2049, 389, 8443]);
                let peer = all.get(rng.skewed(all.len())).unwrap_or(here);
                let (from, to) = (here.at(six), peer.at(six));
                Self { direction: Direction::Egress, path: 1, accepted: rng.chance(995), ..tcp(port) }
                    .between(from, to)
            }
            Talk::Small => {
                let port = rng.pick(&[53, 53, 53, 53, 123]);
                let packets = rng.between(1, 3);
                let flow = Self {
                    protocol: 17,
                    flags: 0,
                    packets,
                    bytes: packets * rng.between(58, 120),
                    ..tcp(port)
                };
                let [a, b, ..] = here.address.octets();
                // The resolver is at the base of the VPC plus two.
                Self { direction: Direction::Egress, ..flow }
                    .between(here.at(false), Ipv4Addr::new(a, b, 0, 2).into())
            }
            Talk::Service => {
                let service = rng.pick(&["S3", "S3", "DYNAMODB", "AMAZON", "AMAZON", "EC2", "CLOUDFRONT"]);
                let [a, b] = [52 + rng.below(3), rng.below(250)];
                let to = Ipv4Addr::new(a as u8, b as u8, rng.below(250) as u8, rng.between(1, 254) as u8);
                let path = if matches!(service, "S3" | "DYNAMODB") { 7 } else { 8 };
                Self { direction: Direction::Egress, service, path, ..tcp(443) }
                    .between(here.at(false), to.into())
            }
            Talk::Outside => {
                let port = rng.pick(&[443, 443, 443, 80, 22, 25, 587]);
                let accepted = port != 25;
                Self { direction: Direction::Egress, path: 8, accepted, ..tcp(port) }
                    .between(here.at(six), outsider(rng, six))
            }
            Talk::Scan => {
                let ports =
                    [22, 23, 23, 3389, 445, 8080, 5060, 6379, 2375, 3306, 1433, rng.between(1, 65_535)];
                let port = rng.pick(&ports);
                let packets = rng.between(1, 2);
                let flow =
                    Self { packets, bytes: packets * rng.pick(&[40, 44, 52, 60]), flags: SYN, ..tcp(port) };
                Self { accepted: rng.chance(15), ..flow }.between(scanner(rng).into(), here.at(false))
            }
            Talk::Echo => {
                let packets = rng.between(1, 5);
                let flow =
                    Self { protocol: 1, ports: (0, 0), packets, bytes: packets * 84, flags: 0, ..tcp(0) };
                flow.between(outsider(rng, false), here.at(false))
            }
            Talk::Quiet => Self::default(),
            Talk::Skipped => Self { status: "SKIPDATA", ..Self::default() },
        }
    }

    fn between(self, source: IpAddr, target: IpAddr) -> Self {
        Self { source, target, packet_source: source, packet_target: target, ..self }
    }

    /// The other half of a conversation, at the same interface.
    pub(super) fn answer(&self, rng: &mut Rng) -> Self {
        let packets = (self.packets * rng.between(7, 14) / 10).max(1);
        let (direction, path) = match self.direction {
            // To the internet, if that is where the question came from.
            Direction::Ingress => (Direction::Egress, 8),
            Direction::Egress => (Direction::Ingress, 0),
        };
        Self {
            source: self.target,
            target: self.source,
            packet_source: self.packet_target,
            packet_target: self.packet_source,
            ports: (self.ports.1, self.ports.0),
            packets,
            bytes: packets * rng.between(44, 1400),
            flags: if self.flags == SYN_FIN { SYN_ACK_FIN } else { 0 },
            direction,
            path,
            ..self.clone()
        }
    }
}

impl Interface {
    fn at(&self, six: bool) -> IpAddr {
        if six { self.address6.into() } else { self.address.into() }
    }
}

/// Some client or server on the internet; a few come again and again.
fn outsider(rng: &mut Rng, six: bool) -> IpAddr {
    let number = rng.skewed(40_000) as u32;
    let mixed = number.wrapping_mul(2_654_435_761).to_be_bytes();
    let [a, b, c, d] = mixed;
    if six {
        return Ipv6Addr::new(
            0x2001,
            0xdb8,
            0xf000,
            u16::from(a),
            u16::from(b),
            0,
            u16::from(c),
            u16::from(d),
        )
        .into();
    }
    Ipv4Addr::new(60 + a % 100, b, c, d.max(1)).into()
}

/// One of the few hundred addresses that try every port everywhere.
fn scanner(rng: &mut Rng) -> Ipv4Addr {
    let number = rng.skewed(300) as u8;
    Ipv4Addr::new(185, 200 + number % 8, number, rng.between(1, 9) as u8)
}
