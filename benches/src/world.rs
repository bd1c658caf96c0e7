//! The estate a corpus tells of: accounts, principals with their sessions, names of resources.
//!
//! Accounts are the example accounts of AWS's documentation; all names are made up.

use std::collections::VecDeque;

use crate::{
    rng::Rng,
    template::{Scene, Template},
};

/// Example accounts, the busiest first.
pub const ACCOUNTS: &[&str] =
    &["444455556666", "111122223333", "777788889999", "123456789012", "555566667777"];

/// How many sessions are alive at a time.
const SESSIONS: usize = 280;

/// How many sessions share the work at any moment: callers come in bursts.
const BUSY: usize = 6;

/// After how many events one session ends and another begins.
const EVENTS_PER_SESSION: u64 = 1_000;

macro_rules! pools {
    ($($variant:ident $name:literal $count:literal $text:expr;)*) => {
        /// A set of names that belong to one kind of thing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the name of the slot says what it is")]
        pub enum Pool { $($variant,)* }

        impl Pool {
            /// How many pools there are.
            pub const COUNT: usize = [$($name,)*].len();

            /// The pool a slot names.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        const POOLS: &[(usize, &str)] = &[$(($count, $text),)*];
    };
}

pools! {
    Bucket "bucket" 60 "<pick:kestrel|nimbus|juniper|harbour>-<pick:assets|invoices|raw-events|models|backup|\
        cdn-origin|exports|audit-trail>-<pick:prod|stage|eu|tooling>-<hex:4>";
    Role "role" 45 "<pick:checkout|ledger|pricing|search|media|partner-feed|nightly|ops>-<pick:prod|stage>-\
        <pick:task|function|node|deploy|reader|exporter>";
    User "user" 24 "<pick:mara|joaquin|ines|tobias|noor|sanne|viktor|leonie|svc-backup|svc-scanner|svc-release>\
        <pick:||.kessler|.okafor|.lindqvist>";
    Group "group" 8 "<pick:Developers|Auditors|BreakGlass|DataScience>-<hex:2>";
    Function "function" 40 "<pick:resize|order|invoice|ingest|notify|reindex>-<pick:worker|hook|handler|cron>\
        <pick:||-v2>";
    Table "table" 18 "<pick:orders|carts|devices|sessions|ledger|rates>-<pick:prod|stage>";
    Key "kms" 50 "<uuid>";
    Alias "alias" 12 "alias/<pick:app|aws|data>/<pick:ebs|s3|secrets|ledger|tokens>";
    Secret "secret" 25 "<pick:prod|stage>/<pick:db|mq|oauth|smtp>/<pick:main|replica|vendor>-<b64:6>";
    Parameter "param" 25 "/<pick:prod|stage>/<pick:checkout|search|media>/<pick:url|token|flags|limits>";
    Cluster "cluster" 6 "<pick:web|batch|stream>-<pick:prod|stage>";
    Family "family" 16 "<pick:checkout|search|media|mailer>-<pick:api|worker|sidecar>";
    LogGroup "loggroup" 30 "/aws/<pick:lambda|ecs|codebuild>/<pick:resize|order|invoice|ingest>-<hex:3>";
    Stack "stack" 15 "<pick:network|checkout|search|baseline>-<pick:prod|stage>-<int:1-9>";
    Instance "instance" 220 "i-0<hex:16>";
    Image "image" 12 "ami-0<hex:16>";
    Volume "volume" 80 "vol-0<hex:16>";
    Snapshot "snapshot" 40 "snap-0<hex:16>";
    Vpc "vpc" 6 "vpc-0<hex:16>";
    Subnet "subnet" 18 "subnet-0<hex:16>";
    Firewall "sg" 30 "sg-0<hex:16>";
    Interface "eni" 90 "eni-0<hex:16>";
    Host "host" 60 "ip-10-<int:0-3>-<int:0-250>-<int:4-250>";
    Database "database" 8 "<pick:orders|ledger|crm>-<pick:writer|reader>-<int:1-3>";
    Workgroup "workgroup" 4 "<pick:analysts|finance|security>-wg";
    Trail "trail" 3 "org-trail-<pick:main|data|archive>";
    Detector "detector" 5 "<hex:32>";
    Person "person" 14 "<pick:Zoë Brändström|José Núñez|山田 花子|Łukasz Wójcik|Анна Петрова|Siân O'Hara|王小明|\
        Mara Kessler|Noor Okafor>";
    Team "team" 8 "<pick:Zahlungen \u{20ac}|plateforme données|検索|checkout|platform|セキュリティ>";
    ObjectKey "object" 3000 "<pick:site/<hex:12>/index.html|site/<hex:12>/logo@2x.png|dt=2026-03-01/hour=\
        <int:10-23>/part-00<int:100-199>-<uuid>.c000.snappy.parquet|backup/<int:100000-999999>.tar.zst|\
        users/<uuid>/avatar.jpg|reports/2026/Q1/Übersicht <int:1-99>.pdf|AWSLogs/<pick:111122223333|\
        444455556666>/elasticloadbalancing/eu-central-1/2026/03/01/<hex:20>.log.gz|\
        models/ranker/v<int:1-40>/weights-<int:10000-99999>.bin>";
    Agent "agent" 350 "<pick:aws-cli/2.<int:11-31>.<int:0-28> md/awscrt#0.<int:19-27>.<int:0-9> ua/2.1 os/linux#6.<int:1-8>.\
        <int:10-140>-<int:40-190>.amzn2023.x86_64 md/arch#x86_64 lang/python#3.12.<int:1-9> md/pyimpl#CPython \
        m/E,Z,b cfg/retry-mode#standard md/installer#exe md/distrib#amzn.2023 md/prompt#off \
        md/command#<pick:s3.cp|s3.sync|s3api.get-object|ec2.describe-instances|sts.get-caller-identity>|\
        Boto3/1.<int:34-40>.<int:1-160> md/Botocore#1.<int:34-40>.<int:1-160> ua/2.0 os/linux#5.10.<int:200-240>-\
        <int:200-240>.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.<int:4-10> md/pyimpl#CPython \
        cfg/retry-mode#legacy Botocore/1.<int:34-40>.<int:1-160>|\
        aws-sdk-go-v2/1.<int:24-36>.<int:0-6> ua/2.1 os/linux lang/go#1.<int:21-24>.<int:1-9> md/GOOS#linux \
        md/GOARCH#amd64 api/s3#1.<int:40-80>.<int:0-4> m/E,g|\
        aws-sdk-java/2.<int:20-31>.<int:0-90> md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.<int:60-120> \
        lang/java#21.0.<int:1-6> md/OpenJDK_64-Bit_Server_VM#21.0.6+7-LTS md/vendor#Amazon.com_Inc. cfg/retry-mode#standard|\
        aws-sdk-js/3.<int:400-780>.0 ua/2.1 os/linux#5.10.<int:200-240> lang/js md/nodejs#20.<int:9-18>.0 \
        api/dynamodb#3.<int:400-780>.0 exec-env/AWS_Lambda_nodejs20.x m/E|\
        APN/1.0 HashiCorp/1.0 Terraform/1.<int:5-11>.<int:0-9> (+https://www.terraform.io) terraform-provider-aws/\
        5.<int:30-90>.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.<int:24-36>.0 \
        ua/2.1 os/linux lang/go#1.23.<int:1-9> md/GOOS#linux md/GOARCH#amd64 api/ec2#1.<int:150-200>.0|\
        eks-pod-identity-agent/0.1.<int:10-30>|aws-internal/3 aws-sdk-java/1.12.<int:600-780>>";
    Client "client" 400 "<public>";
    Browser "browser" 30 "Mozilla/5.0 (<pick:Windows NT 10.0; Win64; x64|Macintosh; Intel Mac OS X 10_15_7|\
        X11; Linux x86_64>) <pick:AppleWebKit/537.36 (KHTML, like Gecko) Chrome/<int:118-134>.0.0.0 Safari/537.36|\
        AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.<int:1-6> Safari/605.1.15|Gecko/20100101 \
        Firefox/<int:118-136>.0>";
}

/// One set of credentials at work: what an event says of its caller.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// `userIdentity`, as JSON text.
    pub identity: String,
    /// ARN of the principal.
    pub arn: String,
    /// Name of the session or the user.
    pub name: String,
    /// Account the principal is of.
    pub account: &'static str,
    /// `sourceIPAddress`.
    pub address: String,
    /// `userAgent`.
    pub agent: String,
    /// A person, in IAM or through a role, at the console.
    pub console: bool,
    /// A user of IAM, not a role.
    pub user: bool,
    /// `tlsDetails` are known.
    pub tls: bool,
    /// Comes through the endpoint of a VPC.
    pub endpoint: bool,
}

/// Accounts, names and sessions that follow from a seed.
#[derive(Debug)]
pub struct World {
    accounts: Vec<&'static str>,
    pools: Vec<Vec<String>>,
    sessions: Vec<Session>,
    nobody: Session,
    /// Running sums of the sessions' shares of the work.
    shares: Vec<u64>,
    identities: [Template; 3],
    busy: VecDeque<usize>,
    events: u64,
}

const ROLE: &str = r#"{"type":"AssumedRole","principalId":"AROA<x=up:17>:<y=pick:<instance>|<int:1700000000-1799999999>|botocore-session-<int:1700000000-1799999999>|<function>|aws-go-sdk-<int:1700000000000-1799999999999>>","arn":"arn:aws:sts::<account>:assumed-role/<role>/<y>","accountId":"<account>","accessKeyId":"ASIA<up:16>","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA<x>","arn":"arn:aws:iam::<account>:role/<role>","accountId":"<account>","userName":"<role>"},"attributes":{"creationDate":"<time>","mfaAuthenticated":"false"}}}"#;
const PERSON: &str = r#"{"type":"AssumedRole","principalId":"AROA<x=up:17>:<y=user>@example.com","arn":"arn:aws:sts::<account>:assumed-role/AWSReservedSSO_<z=pick:PowerUser|ReadOnly|Administrator>_9f0c2b7d41e6a853/<y>@example.com","accountId":"<account>","accessKeyId":"ASIA<up:16>","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA<x>","arn":"arn:aws:iam::<account>:role/aws-reserved/sso.amazonaws.com/<region>/AWSReservedSSO_<z>_9f0c2b7d41e6a853","accountId":"<account>","userName":"AWSReservedSSO_<z>_9f0c2b7d41e6a853"},"attributes":{"creationDate":"<time>","mfaAuthenticated":"<pick:true|false>"}}}"#;
const USER: &str = r#"{"type":"IAMUser","principalId":"AIDA<up:17>","arn":"arn:aws:iam::<account>:user/<user>","accountId":"<account>","accessKeyId":"AKIA<up:16>","userName":"<user>"}"#;

impl World {
    /// A world of the given accounts.
    #[must_use]
    pub fn new(rng: &mut Rng, accounts: &[&'static str], region: &str, now: u64) -> Self {
        let identities = [Template::new(ROLE), Template::new(PERSON), Template::new(USER)];
        let mut world = Self { accounts: accounts.to_vec(), identities, ..Self::empty() };
        for (count, text) in POOLS {
            let template = Template::new(text);
            let names = (0..*count).map(|_| world.text(&template, rng, "", region, now)).collect();
            world.pools.push(names);
        }
        let mut sum = 0;
        for rank in 0..SESSIONS {
            let session = world.session(rng, region, now, rank);
            world.sessions.push(session);
            // n^0.875 by square roots, which are the same on every machine; `powf` need not be.
            let place = rank as f64 + 1.0;
            sum += (1e6 / (place / place.sqrt().sqrt().sqrt())) as u64;
            world.shares.push(sum);
        }
        for _ in 0..BUSY {
            let index = world.by_share(rng);
            world.busy.push_back(index);
        }
        world
    }

    /// A world of nothing, for templates without names.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            accounts: Vec::new(),
            pools: Vec::new(),
            sessions: Vec::new(),
            nobody: Session::default(),
            shares: Vec::new(),
            identities: Default::default(),
            busy: VecDeque::new(),
            events: 0,
        }
    }

    /// The names of one kind.
    #[must_use]
    pub fn pool(&self, pool: Pool) -> &[String] {
        self.pools.get(pool as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// Lets one event's time pass: callers come and go, now and then a session ends and another begins.
    pub fn pass(&mut self, rng: &mut Rng, region: &str, now: u64) {
        self.events += 1;
        if rng.chance(28) {
            let index = self.by_share(rng);
            self.busy.pop_back();
            self.busy.push_front(index);
        }
        if self.events.is_multiple_of(EVENTS_PER_SESSION) {
            let rank = rng.below(SESSIONS as u64) as usize;
            let session = self.session(rng, region, now, rank);
            if let Some(place) = self.sessions.get_mut(rank) {
                *place = session;
            }
        }
    }

    /// Who makes the next call: one of those that are busy now.
    #[must_use]
    pub fn caller(&self, rng: &mut Rng) -> &Session {
        let place = rng.skewed(self.busy.len());
        self.busy.get(place).and_then(|index| self.sessions.get(*index)).unwrap_or(&self.nobody)
    }

    /// Any session, the busy ones of the day more often.
    #[must_use]
    pub fn anyone(&self, rng: &mut Rng) -> &Session {
        self.sessions.get(self.by_share(rng)).unwrap_or(&self.nobody)
    }

    /// A few sessions make most of the calls.
    fn by_share(&self, rng: &mut Rng) -> usize {
        let point = rng.below(self.shares.last().copied().unwrap_or(0));
        self.shares.partition_point(|share| *share <= point)
    }

    /// One of the accounts, the first ones more often.
    #[must_use]
    pub fn account(&self, rng: &mut Rng) -> &'static str {
        let index = rng.below(self.accounts.len() as u64 + 1) as usize;
        self.accounts.get(index).or(self.accounts.first()).copied().unwrap_or_default()
    }

    fn session(&self, rng: &mut Rng, region: &str, now: u64, rank: usize) -> Session {
        let account = self.account(rng);
        let kind = if rank % 13 == 1 || rng.chance(110) { 2 } else { usize::from(rng.chance(70)) };
        let created = now - rng.between(60, 3300);
        let [role, person, user] = &self.identities;
        let template = [role, person, user].into_iter().nth(kind).unwrap_or(role);
        let identity = self.text(template, rng, account, region, created);
        let (_, behind) = identity.split_once(r#""arn":""#).unwrap_or_default();
        let arn = behind.split('"').next().unwrap_or_default().to_owned();
        let console = kind == 1;
        let (pool, bits) = if console { (Pool::Browser, 4) } else { (Pool::Agent, rng.below(8)) };
        let agents = self.pool(pool);
        let agent = agents.get(rng.below(agents.len() as u64) as usize).cloned().unwrap_or_default();
        let inside = kind == 0 && bits < 3;
        let mut session = Session {
            name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            address: self.text(
                &Template::new(if inside { "<private>" } else { "<public>" }),
                rng,
                "",
                "",
                now,
            ),
            identity,
            arn,
            account,
            agent,
            console,
            user: kind == 2,
            tls: rng.chance(400),
            endpoint: inside,
        };
        if kind == 0 && rng.chance(260) {
            forward(&mut session, rng);
        }
        session
    }

    /// Fills a template outside an event.
    pub(crate) fn text(
        &self,
        template: &Template,
        rng: &mut Rng,
        account: &str,
        region: &str,
        now: u64,
    ) -> String {
        let mut out = Vec::new();
        let session = &self.nobody;
        let drawn = [None; Pool::COUNT];
        let kept = Default::default();
        template.write(&mut out, &mut Scene { rng, world: self, session, account, region, now, drawn, kept });
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Makes a session one that a service of AWS uses on somebody's behalf.
fn forward(session: &mut Session, rng: &mut Rng) {
    let service =
        rng.pick(&["lambda", "ecs-tasks", "cloudformation", "autoscaling", "athena", "ssm", "config"]);
    let host = format!("{service}.amazonaws.com");
    if let Some(open) = session.identity.strip_suffix('}') {
        session.identity = format!(r#"{open},"invokedBy":"{host}"}}"#);
    }
    session.address.clone_from(&host);
    session.agent = host;
    session.tls = false;
    session.endpoint = false;
}
