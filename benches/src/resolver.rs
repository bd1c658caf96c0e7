//! Route 53 Resolver query logs: one JSON object a line.
//!
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html>

use crate::{
    clock,
    corpus::{Origin, Source, hex},
    rng::Rng,
    template::Template,
    world::World,
};

/// What every query begins with.
const HEAD: &str = r#"{"version":"1.100000","account_id":"<account>","region":"<region>","vpc_id":"<vpc>","query_timestamp":"<time>""#;
/// What every query ends with, from an instance.
const TAIL: &str = r#","srcaddr":"<private>","srcport":"<int:1024-65535>","transport":"UDP","srcids":{"instance":"<instance>"}}"#;

/// Question and answer by share in a thousand.
const KINDS: &[(u64, &str)] = &[
    (
        330,
        r#","query_name":"<pick:orders|carts|ledger|search|media>.<pick:prod|stage>.internal.example.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"<private>","Type":"A","Class":"IN"}]"#,
    ),
    (
        560,
        r#","query_name":"<pick:s3|sts|logs|monitoring|dynamodb|ec2messages|ssm|kms>.<region>.amazonaws.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[<list:1-4|{"Rdata":"<public>","Type":"A","Class":"IN"}>]"#,
    ),
    (
        700,
        r#","query_name":"<bucket>.s3.<region>.amazonaws.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"s3-r-w.<region>.amazonaws.com.","Type":"CNAME","Class":"IN"},<list:1-3|{"Rdata":"<public>","Type":"A","Class":"IN"}>]"#,
    ),
    (
        800,
        r#","query_name":"<pick:api|www|cdn|telemetry>.<pick:example.com|example.net|example.org>.","query_type":"AAAA","query_class":"IN","rcode":"NOERROR","answers":[<list:0-2|{"Rdata":"2001:db8:<hex:4>::<hex:4>","Type":"AAAA","Class":"IN"}>]"#,
    ),
    (
        900,
        r#","query_name":"<host>.<region>.compute.internal.","query_type":"<pick:A|AAAA>","query_class":"IN","rcode":"NXDOMAIN","answers":[]"#,
    ),
    (
        960,
        r#","query_name":"<int:1-254>.<int:0-250>.<int:0-3>.10.in-addr.arpa.","query_type":"PTR","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"<host>.<region>.compute.internal.","Type":"PTR","Class":"IN"}]"#,
    ),
    (
        985,
        r#","query_name":"<hex:8>.<pick:pool|node|update>.example.org.","query_type":"A","query_class":"IN","rcode":"NXDOMAIN","answers":[],"firewall_rule_action":"BLOCK","firewall_rule_group_id":"rslvr-frg-01234567890abcde","firewall_domain_list_id":"rslvr-fdl-01234567890abcde""#,
    ),
    (
        1000,
        r#","query_name":"<pick:paste|files>.example.net.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"<public>","Type":"A","Class":"IN"}],"firewall_rule_action":"ALERT","firewall_rule_group_id":"rslvr-frg-01234567890abcde","firewall_domain_list_id":"rslvr-fdl-0fedcba9876543210""#,
    ),
];

/// Queries of one account and region, one after the other.
#[derive(Debug)]
pub struct Queries {
    rng: Rng,
    world: World,
    origin: Origin,
    kinds: Vec<(u64, Template)>,
    count: u64,
}

impl Queries {
    /// Queries from an instant on.
    #[must_use]
    pub fn new(seed: u64, origin: Origin) -> Self {
        let mut rng = Rng::new(seed);
        let world = World::new(&mut rng, &[origin.account], origin.region, origin.begin);
        let kind = |(share, text): &(u64, &'static str)| (*share, Template::parts(&[HEAD, text, TAIL]));
        Self { rng, world, origin, kinds: KINDS.iter().map(kind).collect(), count: 0 }
    }
}

impl Source for Queries {
    fn open(&mut self, _: &mut Vec<u8>) {}

    fn record(&mut self, out: &mut Vec<u8>) {
        let now = self.origin.begin + self.count / 100;
        self.count += 1;
        let point = self.rng.below(1000);
        let Some((_, template)) = self.kinds.iter().find(|(below, _)| point < *below) else { return };
        let Origin { account, region, .. } = self.origin;
        out.extend_from_slice(self.world.text(template, &mut self.rng, account, region, now).as_bytes());
    }
}

/// The key under which query logs are delivered: by VPC, without a region.
#[must_use]
pub fn key(rng: &mut Rng, origin: Origin) -> String {
    let Origin { account, begin, .. } = origin;
    let clock::Civil { year, month, day, hour, minute, .. } = clock::civil(begin + 300);
    let (vpc, hash) = (hex(rng, 16), hex(rng, 8));
    format!(
        "AWSLogs/{account}/vpcdnsquerylogs/vpc-0{vpc}/{year:04}/{month:02}/{day:02}/\
         vpc-0{vpc}_vpcdnsquerylogs_{account}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z_{hash}.log.gz"
    )
}
