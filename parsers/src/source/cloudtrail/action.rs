//! What kind of action an event is: `event.category` and `event.type` of ECS 1.10, by service and name of the call.
//!
//! <https://www.elastic.co/guide/en/ecs/1.10/ecs-allowed-values-event-category.html>

use crate::json::keys;

/// Calls that prove who somebody is, or hand out credentials.
const AUTHENTICATION: &[&[u8]] = &[
    b"ConsoleLogin",
    b"AssumeRole",
    b"AssumeRoleWithSAML",
    b"AssumeRoleWithWebIdentity",
    b"AssumeRoot",
    b"GetSessionToken",
    b"GetFederationToken",
    b"SwitchRole",
    b"ExitRole",
    b"CheckMfa",
    b"Authenticate",
    b"UserAuthentication",
    b"Federate",
    b"CredentialVerification",
    b"CredentialChallenge",
    b"InitiateAuth",
    b"AdminInitiateAuth",
    b"RespondToAuthChallenge",
];

/// Services whose calls are about identities and rights.
const IAM: &[&[u8]] = &[
    b"iam.amazonaws.com",
    b"sts.amazonaws.com",
    b"sso.amazonaws.com",
    b"sso-directory.amazonaws.com",
    b"identitystore.amazonaws.com",
    b"organizations.amazonaws.com",
    b"cognito-idp.amazonaws.com",
    b"access-analyzer.amazonaws.com",
    b"rolesanywhere.amazonaws.com",
    b"kms.amazonaws.com",
    b"secretsmanager.amazonaws.com",
];

/// Services that hold tables.
const DATABASE: &[&[u8]] = &[
    b"dynamodb.amazonaws.com",
    b"rds.amazonaws.com",
    b"rds-data.amazonaws.com",
    b"redshift.amazonaws.com",
    b"redshift-data.amazonaws.com",
    b"athena.amazonaws.com",
    b"glue.amazonaws.com",
];

/// Calls on objects of S3; calls on buckets are configuration.
fn is_object_call(name: &[u8]) -> bool {
    memchr::memmem::find(name, b"Object").is_some()
        || name.ends_with(b"MultipartUpload")
        || name == b"UploadPart"
}

/// Calls of EC2 on what carries traffic.
fn is_network_call(name: &[u8]) -> bool {
    const WORDS: [&[u8]; 12] = [
        b"SecurityGroup",
        b"NetworkAcl",
        b"Vpc",
        b"Subnet",
        b"Route",
        b"Gateway",
        b"NetworkInterface",
        b"Address",
        b"FlowLogs",
        b"Vpn",
        b"PrefixList",
        b"DhcpOptions",
    ];
    WORDS.iter().any(|word| memchr::memmem::find(name, word).is_some())
}

/// `event.category` of a call.
#[must_use]
pub(super) fn category(source: &[u8], name: &[u8]) -> &'static str {
    if source == b"signin.amazonaws.com" || AUTHENTICATION.contains(&name) {
        "authentication"
    } else if IAM.contains(&source) {
        "iam"
    } else if source == b"s3.amazonaws.com" && is_object_call(name) {
        "file"
    } else if DATABASE.contains(&source) {
        "database"
    } else if source == b"ec2.amazonaws.com" {
        if is_network_call(name) { "network" } else { "host" }
    } else {
        "configuration"
    }
}

/// `event.type` of a call. A call that only reads is `access`; what else it is, its verb says.
#[must_use]
pub(super) fn kind(category: &str, name: &[u8], read_only: bool) -> &'static str {
    const VERBS: &[(&str, &[&[u8]])] = &[
        ("creation", &[b"Create", b"Run", b"Start", b"Register", b"Import", b"Allocate", b"Copy", b"Upload"]),
        ("deletion", &[b"Delete", b"Terminate", b"Remove", b"Deregister", b"Release", b"Purge"]),
        (
            "access",
            &[b"Get", b"List", b"Describe", b"Head", b"Lookup", b"Search", b"Query", b"Scan", b"BatchGet"],
        ),
    ];
    if category == "authentication" {
        return "start";
    }
    let verb = VERBS.iter().find(|(_, verbs)| verbs.iter().any(|verb| name.starts_with(verb)));
    match verb {
        Some((kind, _)) => kind,
        None if read_only => "access",
        None => "change",
    }
}

/// Calls that a cache knows; a power of two. An account makes some hundred different ones.
const KNOWN: usize = 512;
/// Longer names are looked at each time. Bytes; so a cache holds at most 128 KiB of them.
const KNOWN_LEN: usize = 256;

/// A call and what it is: service and name one after the other.
#[derive(Debug, Default)]
struct Known {
    call: Box<[u8]>,
    source: usize,
    read_only: bool,
    category: &'static str,
    kind: &'static str,
}

/// [`category`] and [`kind`] of the calls seen last: some forty comparisons become two. Each call has one place,
/// by its hash; one that is taken is taken over, so a flood of new names costs time and no memory.
#[derive(Debug, Default)]
pub(super) struct ActionCache(Vec<Known>);

impl ActionCache {
    /// `event.category` and `event.type` of a call.
    pub(super) fn of(&mut self, source: &[u8], name: &[u8], read_only: bool) -> (&'static str, &'static str) {
        if self.0.is_empty() {
            self.0.resize_with(KNOWN, Known::default);
        }
        let place = usize::from(keys::tag(name) ^ keys::tag(source).rotate_left(5)) % KNOWN;
        if let Some(known) = self.0.get(place)
            && known.read_only == read_only
            && !known.category.is_empty()
            && known.call.split_at_checked(known.source).is_some_and(|call| call == (source, name))
        {
            return (known.category, known.kind);
        }
        let category = category(source, name);
        let kind = kind(category, name, read_only);
        if source.len() + name.len() <= KNOWN_LEN
            && let Some(known) = self.0.get_mut(place)
        {
            let call = [source, name].concat().into_boxed_slice();
            *known = Known { call, source: source.len(), read_only, category, kind };
        }
        (category, kind)
    }
}
