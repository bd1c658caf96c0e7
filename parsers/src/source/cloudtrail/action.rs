//! What kind of action an event is: `event.category` and `event.type` of ECS 1.10, by service and name of the call.
//!
//! <https://www.elastic.co/guide/en/ecs/1.10/ecs-allowed-values-event-category.html>

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
