//! What the key of an S3 object says: which log, which account, region and organisation, and when.
//!
//! The place decides, never a search through the whole key: an owner's prefix may contain anything, also the
//! name of another log type, of a region, or another `AWSLogs`. Names of folders are compared whole and as
//! they are written: `vpcflowlogs-prod/` says nothing, such an object is recognised by its content
//! ([`crate::recognise`]). What a key can look like, the first that fits:
//!
//! 1. `[prefix/][o-ORG/]AWSLogs/[o-ORG/]ACCOUNT/SERVICE/…`, the last `AWSLogs` that is followed so;
//! 2. the same in the form of Hive, `aws-account-id=ACCOUNT/aws-service=SERVICE/…`;
//! 3. no such `AWSLogs`: a file name `ACCOUNT_SERVICE_REGION_…` or with another mark of a log type;
//! 4. a folder that marks a log type, the one nearest the file name;
//! 5. nothing but perhaps a date: what Firehose writes under a free prefix.

mod names;

use crate::time::Instant;
use names::{
    file_parts, file_time, first_date, is_account, is_error_output, is_organization, last_date, region,
};

/// What a key says about its object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyInfo {
    /// The service folder as written: `CloudTrail`, `CloudTrail-Insight`, `vpcflowlogs` …, also of a service
    /// that is no log type of ours. Without `AWSLogs` the name that marked the log.
    pub service: Option<String>,
    /// Account of twelve digits.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Organisation id, `o-…`.
    pub organization: Option<String>,
    /// Time in the file name, else the day in the path.
    pub time: Option<Instant>,
    /// Which rule of this module spoke, in words; empty where none did.
    pub rule: &'static str,
    /// The log type whose mark stands in the key.
    pub log_type: Option<&'static str>,
    /// Why the object holds no records to load, in words, where the key tells so.
    pub not_loaded: Option<&'static str>,
}

/// The names by which a log type is known in keys. Folders and parts are compared whole, case included.
#[derive(Debug, Clone, Copy)]
pub struct KeyMarks {
    /// Folders below `AWSLogs/[o-ORG/]ACCOUNT/`, values of `aws-service=`, and the second field of file names
    /// `ACCOUNT_SERVICE_REGION_…`.
    pub services: &'static [&'static str],
    /// Folders that mark the log where there is no `AWSLogs`, or of another form below it (the source or the
    /// `detail-type` of EventBridge, as exporters through Firehose write them).
    pub folders: &'static [&'static str],
    /// Parts of a file name between underscores.
    pub files: &'static [&'static str],
    /// Names of the same family that hold no records (a service folder, a folder below it or a part of the
    /// file name), each with the reason in words.
    pub not_loaded: &'static [(&'static str, &'static str)],
}

/// A log type and its marks.
pub type Marks = (&'static str, &'static KeyMarks);

/// Why an object in an error folder of Firehose is not loaded.
pub const ERROR_OUTPUT: &str = "Firehose error output: what could not be delivered, not the log itself";

impl KeyMarks {
    /// No marks: for those that a type does not need.
    pub const NONE: Self = Self { services: &[], folders: &[], files: &[], not_loaded: &[] };

    /// Whether a folder marks the log by itself.
    fn is_folder(&self, name: &str) -> bool {
        self.folders.contains(&name) || self.why_not(name).is_some()
    }

    fn is_service(&self, name: &str) -> bool {
        self.services.contains(&name) || self.why_not(name).is_some()
    }

    fn why_not(&self, name: &str) -> Option<&'static str> {
        self.not_loaded.iter().find(|(known, _)| *known == name).map(|&(_, why)| why)
    }
}

/// Reads a key (decoded, as S3 knows it).
#[must_use]
pub fn read(key: &str, types: &[Marks]) -> KeyInfo {
    let parts: Vec<&str> = key.split('/').collect();
    let Some((&file, folders)) = parts.split_last() else { return KeyInfo::default() };
    let key = Key { folders, file, types };
    let mut anchors = folders.iter().enumerate().rev().filter(|&(_, part)| *part == "AWSLogs");
    anchors
        .find_map(|(at, _)| key.below_anchor(at))
        .or_else(|| key.by_file_name())
        .or_else(|| key.by_folder())
        .unwrap_or_else(|| key.without_mark())
}

/// A key in parts.
struct Key<'a> {
    folders: &'a [&'a str],
    file: &'a str,
    types: &'a [Marks],
}

/// The place where a log type was found.
struct Found<'a> {
    service: &'a str,
    account: Option<&'a str>,
    log_type: Option<Marks>,
    /// Folders between the service and the file name.
    below: &'a [&'a str],
    organization: Option<&'a str>,
    rule: &'static str,
}

impl<'a> Key<'a> {
    fn type_where(&self, test: impl Fn(&KeyMarks) -> bool) -> Option<Marks> {
        self.types.iter().copied().find(|(_, marks)| test(marks))
    }

    fn outer_organization(&self, before: usize) -> Option<&'a str> {
        let folders = self.folders.get(..before).unwrap_or_default();
        folders.iter().rev().copied().find(|part| is_organization(part))
    }

    /// `AWSLogs/[o-ORG/]ACCOUNT/SERVICE/…`, plain or in the form of Hive.
    fn below_anchor(&self, at: usize) -> Option<KeyInfo> {
        let after = self.folders.get(at + 1..)?;
        let (inside, after) = match after.split_first() {
            Some((&first, rest)) if is_organization(first) => (Some(first), rest),
            _ => (None, after),
        };
        let (&account, after) = after.split_first()?;
        let (&service, below) = after.split_first()?;
        let (account, service, hive) = match hive_pair(account, service) {
            Some((account, service)) => (account, service, true),
            None => (is_account(account).then_some(account)?, service, false),
        };
        // Control Tower's bucket has the organisation id as a prefix too.
        let organization = inside.or_else(|| self.outer_organization(at));
        let mut found = Found {
            service,
            account: Some(account),
            log_type: self.type_where(|marks| marks.is_service(service) || marks.is_folder(service)),
            below,
            organization,
            rule: match (hive, inside.is_some(), organization.is_some()) {
                (true, ..) => "AWSLogs/aws-account-id=ACCOUNT/aws-service=SERVICE/aws-region=REGION",
                (false, true, _) => "AWSLogs/ORGANISATION/ACCOUNT/SERVICE/REGION",
                (false, false, true) => "ORGANISATION/AWSLogs/ACCOUNT/SERVICE/REGION",
                (false, false, false) => "AWSLogs/ACCOUNT/SERVICE/REGION",
            },
        };
        // A folder of the owner's own, and the log's below it. Only directly: what stands deeper can be the
        // name of any resource.
        if let (None, Some((&next, rest))) = (found.log_type, below.split_first()) {
            let log_type = self.type_where(|marks| marks.is_service(next) || marks.is_folder(next));
            if log_type.is_some() {
                found = Found { service: next, log_type, below: rest, ..found };
            }
        }
        Some(self.info(found))
    }

    /// `ACCOUNT_SERVICE_REGION_…`, `RESOURCE_SERVICE_ACCOUNT_…`, or another part that only one log has.
    fn by_file_name(&self) -> Option<KeyInfo> {
        let mut parts = file_parts(self.file);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        let account = match (is_account(first), is_account(third)) {
            (true, _) if region(third).is_some() => Some(first),
            (_, true) => Some(third),
            _ => None,
        };
        let organization = self.outer_organization(self.folders.len());
        let found = |service, log_type, account, rule| Found {
            service,
            account,
            log_type: Some(log_type),
            below: &[],
            organization,
            rule,
        };
        if let (Some(account), Some(log_type)) = (account, self.type_where(|marks| marks.is_service(second)))
        {
            let rule = "file name ACCOUNT_SERVICE_REGION_TIME";
            return Some(self.info(found(second, log_type, Some(account), rule)));
        }
        file_parts(self.file).find_map(|part| {
            let log_type = self.type_where(|marks| marks.files.contains(&part))?;
            let account = Some(first).filter(|first| is_account(first));
            Some(self.info(found(part, log_type, account, "part of the file name")))
        })
    }

    /// The folder nearest the file name that marks a log.
    fn by_folder(&self) -> Option<KeyInfo> {
        let at = |index: usize| self.folders.get(index).copied();
        let marked = |index: usize| {
            let folder = at(index)?;
            let hive = index.checked_sub(1).and_then(|before| hive_pair(at(before)?, folder));
            match hive {
                Some((_, service)) => self.type_where(|marks| marks.is_service(service)),
                None => self.type_where(|marks| marks.is_folder(folder)),
            }
        };
        let (last, log_type) = (0..self.folders.len()).rev().find_map(|at| Some((at, marked(at)?)))?;
        // `aws.guardduty/GuardDuty_Finding/`: the service is in front of what it writes.
        let same = |index: usize| marked(index).is_some_and(|(name, _)| name == log_type.0);
        let first = (0..last).rev().take_while(|&index| same(index)).last().unwrap_or(last);
        let before = first.checked_sub(1).and_then(at);
        let (account, service) = match at(first).and_then(|service| hive_pair(before?, service)) {
            Some((account, service)) => (Some(account), service),
            None => (before.filter(|account| is_account(account)), at(first)?),
        };
        let mut below = self.folders.get(last + 1..).unwrap_or_default();
        let behind = below.first().copied().filter(|account| is_account(account));
        if behind.is_some() {
            below = below.get(1..).unwrap_or_default();
        }
        let organization = self.outer_organization(self.folders.len());
        let log_type = Some(log_type);
        let account = account.or(behind);
        Some(self.info(Found { service, account, log_type, below, organization, rule: "folder SERVICE" }))
    }

    /// Neither `AWSLogs` nor a mark: the time at least, and whether Firehose wrote it because of an error.
    fn without_mark(&self) -> KeyInfo {
        let date = last_date(self.folders);
        let in_front = date.and_then(|(at, _)| self.folders.get(at.checked_sub(1)?));
        KeyInfo {
            organization: self.outer_organization(self.folders.len()).map(str::to_owned),
            time: file_time(self.file).or(date.map(|(_, time)| time)),
            not_loaded: in_front.is_some_and(|folder| is_error_output(folder)).then_some(ERROR_OUTPUT),
            ..KeyInfo::default()
        }
    }

    fn info(&self, found: Found<'_>) -> KeyInfo {
        let Found { service, account, log_type, below, organization, rule } = found;
        let own = |name: &&str| log_type.is_some_and(|(_, marks)| marks.folders.contains(name));
        let place = below.iter().find(|folder| !own(folder)).and_then(|folder| region(folder));
        let named = || file_parts(self.file).skip_while(|part| *part != service).nth(1).and_then(region);
        KeyInfo {
            service: Some(service.to_owned()),
            account: account.map(str::to_owned),
            region: place.or_else(named).or_else(|| self.region_of_file()).map(str::to_owned),
            organization: organization.map(str::to_owned),
            time: file_time(self.file).or_else(|| first_date(below)),
            rule,
            log_type: log_type.map(|(name, _)| name),
            not_loaded: log_type.and_then(|(_, marks)| self.why_not(marks, service, below)),
        }
    }

    /// Region of `ACCOUNT_SERVICE_REGION_…` whatever the service is called.
    fn region_of_file(&self) -> Option<&'a str> {
        let mut parts = file_parts(self.file);
        let account = parts.next()?;
        is_account(account).then(|| parts.nth(1))?.and_then(region)
    }

    fn why_not(&self, marks: &KeyMarks, service: &str, below: &[&str]) -> Option<&'static str> {
        let mut names = std::iter::once(service).chain(below.iter().copied()).chain(file_parts(self.file));
        names
            .find_map(|name| marks.why_not(name))
            .or_else(|| below.iter().any(|folder| is_error_output(folder)).then_some(ERROR_OUTPUT))
    }
}

/// `aws-account-id=ACCOUNT` and `aws-service=SERVICE`.
fn hive_pair<'a>(account: &'a str, service: &'a str) -> Option<(&'a str, &'a str)> {
    let account = account.strip_prefix("aws-account-id=").filter(|account| is_account(account))?;
    Some((account, service.strip_prefix("aws-service=")?))
}
