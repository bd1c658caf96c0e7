//! What the key of an S3 object says: which log, which account, region and organisation, and when.
//!
//! The place decides, never a search through the whole key: an owner's prefix may contain anything, also the name
//! of another log type or of a region.

use crate::time::Instant;

/// What a key says about its object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyInfo {
    /// The service folder: `CloudTrail`, `CloudTrail-Insight`, `vpcflowlogs` …
    pub service: Option<String>,
    /// Account of twelve digits.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Organisation id, `o-…`.
    pub organization: Option<String>,
    /// Time in the file name, else the day in the path.
    pub time: Option<Instant>,
    /// Which rule of this module spoke, in words.
    pub rule: &'static str,
}

/// What kind of log an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogKind {
    /// CloudTrail events: management, data, Insights and network activity.
    CloudTrail,
    /// CloudTrail digest: recognised, but it holds no events.
    CloudTrailDigest,
    /// VPC and transit gateway flow logs.
    VpcFlowLogs,
    /// GuardDuty findings.
    GuardDuty,
    /// Security Hub findings.
    SecurityHub,
    /// Route 53 Resolver query logs.
    Route53Resolver,
    /// AWS Config history and snapshots.
    Config,
}

/// Service folders and what is below them.
const SERVICES: &[(&str, LogKind)] = &[
    ("CloudTrail", LogKind::CloudTrail),
    ("CloudTrail-Insight", LogKind::CloudTrail),
    ("CloudTrail-NetworkActivity", LogKind::CloudTrail),
    ("CloudTrail-Aggregated", LogKind::CloudTrail),
    ("CloudTrail-Digest", LogKind::CloudTrailDigest),
    ("vpcflowlogs", LogKind::VpcFlowLogs),
    ("GuardDuty", LogKind::GuardDuty),
    ("aws.guardduty", LogKind::GuardDuty),
    ("SecurityHub", LogKind::SecurityHub),
    ("securityhub", LogKind::SecurityHub),
    ("aws.securityhub", LogKind::SecurityHub),
    ("vpcdnsquerylogs", LogKind::Route53Resolver),
    ("Config", LogKind::Config),
];

impl LogKind {
    /// The kind of a service folder.
    #[must_use]
    pub fn of_service(service: &str) -> Option<Self> {
        SERVICES.iter().find(|(name, _)| *name == service).map(|&(_, kind)| kind)
    }
}

/// Reads a key (decoded, as S3 knows it).
#[must_use]
pub fn read(key: &str) -> KeyInfo {
    let parts: Vec<&str> = key.split('/').collect();
    let Some((&file, folders)) = parts.split_last() else { return KeyInfo::default() };
    // The last `AWSLogs` that is followed by an account: a prefix may hold the word as well.
    let marks = folders.iter().enumerate().rev().filter(|&(_, part)| *part == "AWSLogs");
    for (at, _) in marks {
        let before = folders.get(..at).unwrap_or_default();
        let after = folders.get(at + 1..).unwrap_or_default();
        if let Some(info) = plain(before, after, file).or_else(|| hive(before, after, file)) {
            return info;
        }
    }
    without_mark(folders, file)
}

/// `[prefix/]AWSLogs/[o-ORG/]ACCOUNT/SERVICE/REGION/YYYY/MM/DD/…`
fn plain(before: &[&str], after: &[&str], file: &str) -> Option<KeyInfo> {
    let (inside, after) = match after.split_first() {
        Some((first, rest)) if is_organization(first) => (Some(*first), rest),
        _ => (None, after),
    };
    let (account, after) = after.split_first().filter(|(account, _)| is_account(account))?;
    let (service, after) = after.split_first()?;
    let region = after.first().filter(|region| is_region(region));
    // Control Tower's bucket has the organisation id as a prefix too.
    let organization = inside.or_else(|| before.iter().rev().find(|p| is_organization(p)).copied());
    let day = after.get(1..4).and_then(day);
    Some(KeyInfo {
        service: Some((*service).to_owned()),
        account: Some((*account).to_owned()),
        region: region.map(|r| (*r).to_owned()).or_else(|| file_region(file, service)),
        organization: organization.map(str::to_owned),
        time: file_time(file).or(day),
        rule: match (inside.is_some(), organization.is_some()) {
            (true, _) => "AWSLogs/ORGANISATION/ACCOUNT/SERVICE/REGION",
            (false, true) => "ORGANISATION/AWSLogs/ACCOUNT/SERVICE/REGION",
            (false, false) => "AWSLogs/ACCOUNT/SERVICE/REGION",
        },
    })
}

/// `AWSLogs/[o-ORG/]aws-account-id=ACCOUNT/aws-service=SERVICE/aws-region=REGION/year=…/month=…/day=…/`
fn hive(before: &[&str], after: &[&str], file: &str) -> Option<KeyInfo> {
    let value = |name: &str| {
        after.iter().find_map(|part| part.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')))
    };
    let account = value("aws-account-id").filter(|a| is_account(a))?;
    let service = value("aws-service")?;
    let organization =
        after.first().into_iter().chain(before.iter().rev()).find(|part| is_organization(part));
    let date = [value("year"), value("month"), value("day")];
    let date: Vec<&str> = date.into_iter().flatten().collect();
    Some(KeyInfo {
        service: Some(service.to_owned()),
        account: Some(account.to_owned()),
        region: value("aws-region").filter(|r| is_region(r)).map(str::to_owned),
        organization: organization.map(|o| (*o).to_owned()),
        time: file_time(file).or_else(|| day(&date)),
        rule: "AWSLogs/aws-account-id=ACCOUNT/aws-service=SERVICE/aws-region=REGION",
    })
}

/// No `AWSLogs`: a log that was copied elsewhere. The file name tells most (`ACCOUNT_SERVICE_REGION_TIME_…`), a
/// service folder the rest.
fn without_mark(folders: &[&str], file: &str) -> KeyInfo {
    let mut names = file.split('_');
    let named = match (names.next(), names.next(), names.next()) {
        (Some(account), Some(service), Some(region)) if is_account(account) && is_region(region) => {
            LogKind::of_service(service).map(|_| (account, service, region))
        }
        _ => None,
    };
    if let Some((account, service, region)) = named {
        return KeyInfo {
            service: Some(service.to_owned()),
            account: Some(account.to_owned()),
            region: Some(region.to_owned()),
            organization: folders.iter().rev().find(|p| is_organization(p)).map(|o| (*o).to_owned()),
            time: file_time(file),
            rule: "file name ACCOUNT_SERVICE_REGION_TIME",
        };
    }
    let Some(at) = folders.iter().rposition(|part| LogKind::of_service(part).is_some()) else {
        return KeyInfo::default();
    };
    let account = at.checked_sub(1).and_then(|before| folders.get(before)).filter(|a| is_account(a));
    let region = folders.get(at + 1).filter(|r| is_region(r));
    KeyInfo {
        service: folders.get(at).map(|s| (*s).to_owned()),
        account: account.map(|a| (*a).to_owned()),
        region: region.map(|r| (*r).to_owned()),
        organization: folders.iter().rev().find(|p| is_organization(p)).map(|o| (*o).to_owned()),
        time: file_time(file).or_else(|| folders.get(at + 2..at + 5).and_then(day)),
        rule: "folder SERVICE",
    }
}

/// Twelve digits.
fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit())
}

/// `o-` and 10 to 32 lower-case letters and digits (AWS Organizations, `Organization.Id`).
fn is_organization(part: &str) -> bool {
    part.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// The form of a region name in any partition: `us-east-1`, `us-gov-west-1`, `us-isob-east-1`, `eusc-de-east-1`,
/// and `global`, which some services write.
fn is_region(part: &str) -> bool {
    if part == "global" {
        return true;
    }
    let mut words = part.split('-');
    let area = words.next().is_some_and(|w| (2..=4).contains(&w.len()) && lower(w));
    let Some(number) = words.next_back() else { return false };
    let mut between = 0;
    let named = words.all(|w| {
        between += 1;
        lower(w) && !w.is_empty()
    });
    area && named
        && (1..=2).contains(&between)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

fn lower(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase())
}

/// The region in `ACCOUNT_SERVICE_REGION_…`.
fn file_region(file: &str, service: &str) -> Option<String> {
    let mut names = file.split('_').skip_while(|name| *name != service);
    names.nth(1).filter(|region| is_region(region)).map(str::to_owned)
}

/// `YYYY`, `MM`, `DD` as folders.
fn day(parts: &[&str]) -> Option<Instant> {
    let [year, month, day] = parts else { return None };
    Instant::parse(format!("{year}-{month:0>2}-{day:0>2}T00:00").as_bytes())
}

/// `YYYYMMDDThhmmZ` or `YYYYMMDDThhmmssZ` between underscores of a file name.
fn file_time(file: &str) -> Option<Instant> {
    file.split(['_', '.']).find_map(|part| {
        let digits = part.strip_suffix('Z')?;
        let (date, time) = digits.split_once('T')?;
        if date.len() != 8 || !matches!(time.len(), 4 | 6) || !digits.is_ascii() {
            return None;
        }
        let (year, month_day) = date.split_at_checked(4)?;
        let (month, day) = month_day.split_at_checked(2)?;
        let (hour, rest) = time.split_at_checked(2)?;
        let (minute, second) = rest.split_at_checked(2)?;
        let second = if second.is_empty() { "00" } else { second };
        Instant::parse(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").as_bytes())
    })
}
