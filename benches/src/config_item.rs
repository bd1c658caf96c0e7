//! Configuration items of AWS Config, as its history files and snapshots hold them.
//!
//! <https://docs.aws.amazon.com/config/latest/developerguide/example-s3-snapshot.html>

use crate::{
    clock,
    corpus::{Origin, Source, hex},
    rng::Rng,
    template::Template,
    world::World,
};

/// A history file holds items of one resource type, a snapshot those of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// What changed within six hours.
    History,
    /// Everything that is recorded, at one instant.
    Snapshot,
}

/// What every item begins with, before its resource.
const HEAD: &str = r#"{"relatedEvents":[],"configurationItemVersion":"1.3","configurationItemCaptureTime":"<time>","configurationStateId":<millis>,"awsAccountId":"<account>","configurationItemStatus":"<pick:OK|OK|OK|OK|ResourceDiscovered>","configurationStateMd5Hash":"","awsRegion":"<region>","#;

/// Items by resource type.
const ITEMS: &[(&str, &str)] = &[
    (
        "AWS::EC2::Instance",
        r#""resourceType":"AWS::EC2::Instance","resourceId":"<instance>","ARN":"arn:aws:ec2:<region>:<account>:instance/<instance>","availabilityZone":"<region>a","resourceCreationTime":"<time>","tags":{"Name":"<host>","team":"<pick:search|checkout|media>"},"relationships":[{"resourceId":"<eni>","resourceType":"AWS::EC2::NetworkInterface","name":"Contains NetworkInterface"},{"resourceId":"<sg>","resourceType":"AWS::EC2::SecurityGroup","name":"Is associated with SecurityGroup"},{"resourceId":"<vpc>","resourceType":"AWS::EC2::Vpc","name":"Is contained in Vpc"}],"configuration":{"amiLaunchIndex":0,"imageId":"<image>","instanceId":"<instance>","instanceType":"<pick:t3.micro|m7g.large|c7i.xlarge>","launchTime":"<time>","monitoring":{"state":"disabled"},"placement":{"availabilityZone":"<region>a","tenancy":"default"},"privateIpAddress":"<private>","state":{"code":16,"name":"running"},"subnetId":"<subnet>","vpcId":"<vpc>","ebsOptimized":<pick:true|false>,"metadataOptions":{"httpTokens":"<pick:required|optional>","httpPutResponseHopLimit":<int:1-2>},"securityGroups":[{"groupId":"<sg>","groupName":"<stack>"}],"tags":[{"key":"Name","value":"<host>"}]},"supplementaryConfiguration":{}}"#,
    ),
    (
        "AWS::EC2::SecurityGroup",
        r#""resourceType":"AWS::EC2::SecurityGroup","resourceId":"<sg>","resourceName":"<stack>","ARN":"arn:aws:ec2:<region>:<account>:security-group/<sg>","availabilityZone":"Not Applicable","tags":{},"relationships":[{"resourceId":"<vpc>","resourceType":"AWS::EC2::Vpc","name":"Is contained in Vpc"}],"configuration":{"description":"managed by <stack>","groupName":"<stack>","groupId":"<sg>","ownerId":"<account>","vpcId":"<vpc>","ipPermissions":[<list:1-4|{"fromPort":<w=int:22-9090>,"ipProtocol":"tcp","ipv6Ranges":[],"prefixListIds":[],"toPort":<w>,"userIdGroupPairs":[],"ipv4Ranges":[{"cidrIp":"<pick:0.0.0.0/0|10.0.0.0/8|203.0.113.0/24>"}],"ipRanges":["10.0.0.0/8"]}>],"ipPermissionsEgress":[{"ipProtocol":"-1","ipv6Ranges":[],"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}],"ipRanges":["0.0.0.0/0"]}],"tags":[]},"supplementaryConfiguration":{}}"#,
    ),
    (
        "AWS::S3::Bucket",
        r#""resourceType":"AWS::S3::Bucket","resourceId":"<bucket>","resourceName":"<bucket>","ARN":"arn:aws:s3:::<bucket>","availabilityZone":"Regional","resourceCreationTime":"<time>","tags":{"owner":"<user>"},"relationships":[],"configuration":{"name":"<bucket>","creationDate":"<time>","owner":{"displayName":null,"id":"<hex:64>"},"region":"<region>"},"supplementaryConfiguration":{"AccessControlList":"{\"grantSet\":null,\"grantList\":[{\"grantee\":{\"id\":\"<hex:64>\"},\"permission\":\"FullControl\"}],\"isRequesterCharged\":false}","BucketPolicy":{"policyText":"<policy:1-3>"},"PublicAccessBlockConfiguration":{"blockPublicAcls":true,"ignorePublicAcls":true,"blockPublicPolicy":true,"restrictPublicBuckets":<pick:true|false>},"BucketVersioningConfiguration":{"status":"<pick:Off|Enabled>","isMfaDeleteEnabled":null}}}"#,
    ),
    (
        "AWS::Lambda::Function",
        r#""resourceType":"AWS::Lambda::Function","resourceId":"<function>","resourceName":"<function>","ARN":"arn:aws:lambda:<region>:<account>:function:<function>","availabilityZone":"Not Applicable","tags":{},"relationships":[{"resourceName":"<role>","resourceType":"AWS::IAM::Role","name":"Is associated with "}],"configuration":{"functionName":"<function>","functionArn":"arn:aws:lambda:<region>:<account>:function:<function>","runtime":"<pick:python3.12|nodejs20.x|provided.al2023>","role":"arn:aws:iam::<account>:role/<role>","handler":"index.handler","codeSize":<int:400-9000000>,"timeout":<int:3-900>,"memorySize":<int:128-3008>,"lastModified":"<time>","codeSha256":"<b64:43>=","version":"$LATEST","layers":[],"architectures":["arm64"]},"supplementaryConfiguration":{"Policy":"\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[]}\"","Tags":"{}"}}"#,
    ),
];

/// Items of one account and region, one after the other.
#[derive(Debug)]
pub struct Items {
    rng: Rng,
    world: World,
    origin: Origin,
    delivery: Delivery,
    kinds: Vec<Template>,
    count: u64,
}

impl Items {
    /// Items from an instant on; a history holds one resource type, which follows from the seed.
    #[must_use]
    pub fn new(seed: u64, delivery: Delivery, origin: Origin) -> Self {
        let mut rng = Rng::new(seed);
        let world = World::new(&mut rng, &[origin.account], origin.region, origin.begin);
        let wanted = |(at, _): &(usize, &(&str, &'static str))| {
            delivery == Delivery::Snapshot || *at == seed as usize % ITEMS.len()
        };
        let kinds = ITEMS.iter().enumerate().filter(wanted);
        let kinds = kinds.map(|(_, (_, text))| Template::parts(&[HEAD, text])).collect();
        Self { rng, world, origin, delivery, kinds, count: 0 }
    }
}

impl Source for Items {
    fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"fileVersion":"1.0","#);
        if self.delivery == Delivery::Snapshot {
            let id = self.world.text(&Template::new("<uuid>"), &mut self.rng, "", "", 0);
            out.extend_from_slice(format!(r#""configSnapshotId":"{id}","#).as_bytes());
        }
        out.extend_from_slice(br#""configurationItems":["#);
    }

    fn record(&mut self, out: &mut Vec<u8>) {
        let now = self.origin.begin + self.count / 10;
        self.count += 1;
        let at = self.rng.below(self.kinds.len() as u64) as usize;
        let Some(template) = self.kinds.get(at) else { return };
        let Origin { account, region, .. } = self.origin;
        out.extend_from_slice(self.world.text(template, &mut self.rng, account, region, now).as_bytes());
    }

    fn between(&self) -> &'static [u8] {
        b","
    }

    fn close(&self) -> &'static [u8] {
        b"]}"
    }
}

/// The key of a history of the seed's resource type, or of a snapshot: month and day without leading zeros.
///
/// <https://docs.aws.amazon.com/config/latest/developerguide/example-configuration-history-notification.html>
#[must_use]
pub fn key(rng: &mut Rng, seed: u64, delivery: Delivery, origin: Origin) -> String {
    let Origin { account, region, begin } = origin;
    let at = |time: u64| {
        let clock::Civil { year, month, day, hour, minute, second } = clock::civil(time);
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    };
    let clock::Civil { year, month, day, .. } = clock::civil(begin);
    let folder = format!("AWSLogs/o-exampleorg1/{account}/Config/{region}/{year}/{month}/{day}");
    match delivery {
        Delivery::History => {
            let (kind, _) = ITEMS.get(seed as usize % ITEMS.len()).copied().unwrap_or_default();
            format!(
                "{folder}/ConfigHistory/{account}_Config_{region}_ConfigHistory_{kind}_{}_{}_1.json.gz",
                at(begin),
                at(begin + 21_600)
            )
        }
        Delivery::Snapshot => {
            let [a, b, c, d, e] = [8, 4, 3, 3, 12].map(|count| hex(rng, count));
            format!(
                "{folder}/ConfigSnapshot/{account}_Config_{region}_ConfigSnapshot_{}_{a}-{b}-4{c}-a{d}-{e}.json.gz",
                at(begin)
            )
        }
    }
}
