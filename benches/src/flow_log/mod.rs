//! Rows of VPC Flow Logs as text, of any version.
//!
//! Interfaces, subnets and instances are those of the [`World`], so they are the same as in the CloudTrail
//! corpus of the same seed. Connections come with their answers, a few hosts talk most, scanners knock at
//! random ports and are rejected.

mod fields;
mod traffic;

use std::{io::Write as _, net::IpAddr};

pub use fields::{FIELDS, TRANSIT_FIELDS, fields, version};

use crate::{
    clock,
    corpus::{Origin, Source, hex},
    rng::Rng,
    world::{Pool, World},
};
use traffic::{Direction, Flow, Interface, Talk};

/// Rows in a second of the corpus.
const ROWS_PER_SECOND: u64 = 250;

/// Rows of one flow log, one after the other.
#[derive(Debug)]
pub struct Rows {
    rng: Rng,
    account: &'static str,
    region: &'static str,
    zone: &'static str,
    begin: u64,
    version: u8,
    vpcs: Vec<String>,
    interfaces: Vec<Interface>,
    answer: Option<(usize, Flow)>,
    count: u64,
}

impl Rows {
    /// Rows of one account and region from an instant on, with all fields of a version of the format.
    #[must_use]
    pub fn new(seed: u64, version: u8, origin: Origin) -> Self {
        let Origin { account, region, begin } = origin;
        let mut rng = Rng::new(seed);
        let world = World::new(&mut rng, &[account], region, begin);
        let interfaces = Interface::all(&mut rng, &world);
        let vpcs = world.pool(Pool::Vpc).to_vec();
        let zone = match region {
            "us-east-1" => "use1",
            "ap-northeast-1" => "apne1",
            _ => "euc1",
        };
        Self { rng, account, region, zone, begin, version, vpcs, interfaces, answer: None, count: 0 }
    }

    /// The next row's interface and flow.
    fn draw(&mut self) -> (usize, Flow) {
        if let Some(answer) = self.answer.take() {
            return answer;
        }
        let at = self.rng.skewed(self.interfaces.len());
        let talk = Talk::draw(&mut self.rng);
        let Some(interface) = self.interfaces.get(at) else {
            return (at, Flow::default());
        };
        let flow = Flow::of(talk, interface, &self.interfaces, &mut self.rng);
        if talk.is_answered() && self.rng.chance(940) {
            self.answer = Some((at, flow.answer(&mut self.rng)));
        }
        (at, flow)
    }
}

impl Source for Rows {
    fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(fields(self.version).join(" ").as_bytes());
        out.push(b'\n');
    }

    fn record(&mut self, out: &mut Vec<u8>) {
        let now = self.begin + self.count / ROWS_PER_SECOND;
        self.count += 1;
        let (at, flow) = self.draw();
        let Some(interface) = self.interfaces.get(at) else { return };
        let start = now - self.rng.below(60);
        let end = start + self.rng.between(8, 59);
        // Writing to a vector cannot fail.
        let _ = write!(out, "{} ", self.version);
        // Interfaces that AWS made for itself have no owner.
        let owner = if interface.owned { self.account } else { "unknown" };
        let _ = write!(out, "{owner} {} ", interface.id);
        match flow.status {
            "OK" => {
                let _ = write!(
                    out,
                    "{} {} {} {} {} {} {} {start} {end} {} OK",
                    flow.source,
                    flow.target,
                    flow.ports.0,
                    flow.ports.1,
                    flow.protocol,
                    flow.packets,
                    flow.bytes,
                    if flow.accepted { "ACCEPT" } else { "REJECT" },
                );
            }
            status => {
                let _ = write!(out, "- - - - - - - {start} {end} - {status}");
            }
        }
        if self.version >= 3 {
            self.place(out, at, &flow);
        }
        if self.version >= 7 {
            self.newest(out, at, &flow);
        }
    }
}

impl Rows {
    /// The fields of versions 3, 4 and 5.
    fn place(&self, out: &mut Vec<u8>, at: usize, flow: &Flow) {
        let (Some(interface), ok) = (self.interfaces.get(at), flow.status == "OK") else { return };
        let vpc = self.vpcs.get(interface.vpc).map_or("-", String::as_str);
        let _ = write!(out, " {vpc} {} {}", interface.subnet, interface.instance);
        if ok {
            let family = if matches!(flow.source, IpAddr::V6(_)) { "IPv6" } else { "IPv4" };
            let _ = write!(out, " {} {family} {} {}", flow.flags, flow.packet_source, flow.packet_target);
        } else {
            out.extend_from_slice(b" - - - -");
        }
        if self.version >= 4 {
            let _ = write!(out, " {} {}-az{} - -", self.region, self.zone, interface.zone);
        }
        if self.version < 5 {
            return;
        }
        if !ok {
            out.extend_from_slice(b" - - - -");
            return;
        }
        let (from, to) = match flow.direction {
            Direction::Ingress => (flow.service, "-"),
            Direction::Egress => ("-", flow.service),
        };
        let direction = match flow.direction {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        };
        let _ = write!(out, " {from} {to} {direction} ");
        match flow.path {
            0 => out.push(b'-'),
            path => {
                let _ = write!(out, "{path}");
            }
        }
    }

    /// The fields of versions 7 and later.
    fn newest(&self, out: &mut Vec<u8>, at: usize, flow: &Flow) {
        let Some(interface) = self.interfaces.get(at) else { return };
        match &interface.task {
            None => out.extend_from_slice(b" - - - - - - - - - -"),
            Some(task) => {
                let (account, region) = (self.account, self.region);
                let arn = format!("arn:aws:ecs:{region}:{account}");
                let (cluster, family, id) = (&task.cluster, &task.family, &task.id);
                let _ = write!(
                    out,
                    " {arn}:cluster/{cluster} {cluster} - - {id}-{} - {family} \
                     {arn}:task-definition/{family}:{} {arn}:task/{cluster}/{id} {id}",
                    task.container, task.revision,
                );
            }
        }
        if self.version >= 8 {
            let blocked = !flow.accepted && flow.status == "OK" && flow.bytes.is_multiple_of(11);
            out.extend_from_slice(if blocked { b" BPA" } else { b" -" });
        }
        if self.version >= 9 {
            out.extend_from_slice(b" -");
        }
        if self.version >= 10 {
            // Traffic between instances of newer types is encrypted by the hardware.
            let private = |address: IpAddr| matches!(address, IpAddr::V4(four) if four.is_private());
            let inside = private(flow.source) && private(flow.target);
            out.extend_from_slice(if inside { b" 1" } else { b" -" });
        }
    }
}

/// The key under which a flow log is delivered for the organisation.
///
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html>
#[must_use]
pub fn key(rng: &mut Rng, origin: Origin) -> String {
    let Origin { account, region, begin } = origin;
    let clock::Civil { year, month, day, hour, minute, .. } = clock::civil(begin + 300);
    let (log, hash) = (hex(rng, 17), hex(rng, 8));
    format!(
        "AWSLogs/o-exampleorg1/{account}/vpcflowlogs/{region}/{year:04}/{month:02}/{day:02}/\
         {account}_vpcflowlogs_{region}_fl-{log}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z_{hash}.log.gz"
    )
}
