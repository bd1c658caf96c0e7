//! CloudTrail: who did what, from where, and was it allowed?

use super::conditions::{DENIED, NO_MFA, ROOT, TAMPERED};
use crate::panel::{Dashboard, Panel, area, bars, controls, histogram, metric, pie, search, table};
use crate::pattern::TRAIL;

/// What is to be monitored by CIS AWS Foundations Benchmark 6.0, section 5. The last part of the number is that of
/// section 4 in 1.4 to 5.0, and of section 3 in 1.2.
const WATCHED: [(&str, &str); 12] = [
    (
        "5.4 IAM policies",
        "eventSource:iam.amazonaws.com and eventName:(DeleteGroupPolicy or DeleteRolePolicy or DeleteUserPolicy or PutGroupPolicy or PutRolePolicy or PutUserPolicy or CreatePolicy or DeletePolicy or CreatePolicyVersion or DeletePolicyVersion or SetDefaultPolicyVersion or AttachRolePolicy or DetachRolePolicy or AttachUserPolicy or DetachUserPolicy or AttachGroupPolicy or DetachGroupPolicy)",
    ),
    (
        "5.5 CloudTrail",
        "eventName:(CreateTrail or UpdateTrail or DeleteTrail or StartLogging or StopLogging)",
    ),
    (
        "5.7 KMS keys",
        "eventSource:kms.amazonaws.com and eventName:(DisableKey or ScheduleKeyDeletion or PutKeyPolicy)",
    ),
    (
        "5.8 S3 buckets",
        "eventSource:s3.amazonaws.com and eventName:(PutBucketAcl or PutBucketPolicy or PutBucketCors or PutBucketLifecycle or PutBucketReplication or DeleteBucketPolicy or DeleteBucketCors or DeleteBucketLifecycle or DeleteBucketReplication)",
    ),
    (
        "5.9 AWS Config",
        "eventSource:config.amazonaws.com and eventName:(StopConfigurationRecorder or DeleteDeliveryChannel or PutDeliveryChannel or PutConfigurationRecorder)",
    ),
    (
        "5.10 security groups",
        "eventName:(AuthorizeSecurityGroupIngress or AuthorizeSecurityGroupEgress or RevokeSecurityGroupIngress or RevokeSecurityGroupEgress or CreateSecurityGroup or DeleteSecurityGroup)",
    ),
    (
        "5.11 network ACLs",
        "eventName:(CreateNetworkAcl or CreateNetworkAclEntry or DeleteNetworkAcl or DeleteNetworkAclEntry or ReplaceNetworkAclEntry or ReplaceNetworkAclAssociation)",
    ),
    (
        "5.12 network gateways",
        "eventName:(CreateCustomerGateway or DeleteCustomerGateway or AttachInternetGateway or CreateInternetGateway or DeleteInternetGateway or DetachInternetGateway)",
    ),
    (
        "5.13 route tables",
        "eventSource:ec2.amazonaws.com and eventName:(CreateRoute or CreateRouteTable or ReplaceRoute or ReplaceRouteTableAssociation or DeleteRouteTable or DeleteRoute or DisassociateRouteTable)",
    ),
    (
        "5.14 VPCs",
        "eventName:(CreateVpc or DeleteVpc or ModifyVpcAttribute or AcceptVpcPeeringConnection or CreateVpcPeeringConnection or DeleteVpcPeeringConnection or RejectVpcPeeringConnection or AttachClassicLinkVpc or DetachClassicLinkVpc or DisableVpcClassicLink or EnableVpcClassicLink)",
    ),
    (
        "5.15 Organizations",
        "eventSource:organizations.amazonaws.com and eventName:(AcceptHandshake or AttachPolicy or CancelHandshake or CreateAccount or CreateOrganization or CreateOrganizationalUnit or CreatePolicy or DeclineHandshake or DeleteOrganization or DeleteOrganizationalUnit or DeletePolicy or DetachPolicy or DisablePolicyType or EnableAllFeatures or EnablePolicyType or InviteAccountToOrganization or LeaveOrganization or MoveAccount or RemoveAccountFromOrganization or UpdateOrganizationalUnit or UpdatePolicy)",
    ),
    (
        "5.16 Security Hub",
        "eventName:(DisableSecurityHub or BatchDisableStandards or UpdateStandardsControl or DisassociateMembers)",
    ),
];

const PERSISTENCE: &str = "eventName:(CreateAccessKey or CreateUser or CreateLoginProfile or UpdateLoginProfile or AttachUserPolicy or AttachRolePolicy or PutUserPolicy or PutRolePolicy or CreatePolicyVersion or SetDefaultPolicyVersion or UpdateAssumeRolePolicy or AddUserToGroup or DeactivateMFADevice or CreateRole or CreateOpenIDConnectProvider or CreateSAMLProvider or UpdateFunctionCode20150331v2 or AddPermission20150331v2)";
const EXPOSURE: &str = "eventName:(PutBucketPolicy or PutBucketAcl or DeleteBucketPolicy or DeletePublicAccessBlock or PutBucketPublicAccessBlock or DeleteAccountPublicAccessBlock or PutAccountPublicAccessBlock or ModifySnapshotAttribute or ModifyImageAttribute or ModifyDBSnapshotAttribute or AuthorizeSecurityGroupIngress or ScheduleKeyDeletion or DisableKey or PutKeyPolicy or DeleteBucket or DeleteDBInstance or TerminateInstances or GetPasswordData)";
const LOOKING_AROUND: &str = "eventName:(GetCallerIdentity or GetAccountAuthorizationDetails or GetAccountSummary or ListUsers or ListRoles or ListPolicies or ListAttachedUserPolicies or ListAccessKeys or ListAccounts or ListBuckets or ListSecrets or DescribeInstances or DescribeTrails or ListDetectors)";

fn watchlist(panel: Panel, dql: &str) -> Panel {
    panel
        .count("calls")
        .max("@timestamp", "last")
        .by_most("eventName", 20, 1)
        .by("user.name", 5)
        .by("cloud.account.id", 5)
        .only(dql)
}

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "cloudtrail",
        name: "CloudTrail",
        description: "Who did what in AWS, from where, and was it allowed? Click a value to filter; the calls are at \
                      the bottom, with the object of the bucket that each is from.",
        since: "now-24h",
        pattern: TRAIL,
        hidden: None,
        rows: vec![
            vec![controls(
                "Narrow to an account, a region, an identity, a service",
                &[
                    ("cloud.account.id", "Account"),
                    ("cloud.region", "Region"),
                    ("user.name", "Identity"),
                    ("eventSource", "Service"),
                ],
            )],
            vec![
                metric("root", "Root activity (CIS 5.3)", "Did anyone use root?").count("by root").only(ROOT),
                metric("no-mfa", "Console logins without MFA (CIS 5.2)", "Who got in with a password only?")
                    .count("logins")
                    .only(NO_MFA),
                metric("login-failures", "Failed console logins (CIS 5.6)", "Is someone guessing passwords?")
                    .count("failures")
                    .only(r#"eventName:"ConsoleLogin" and responseElements.ConsoleLogin:"Failure""#),
                metric("denied", "Denied calls (CIS 5.1)", "How many refusals, of how many identities?")
                    .count("denied")
                    .distinct("user.name", "identities")
                    .only(DENIED),
                metric("tampered", "Logging tampered with", "Did anyone blind us?").count("calls").only(TAMPERED),
            ],
            vec![
                histogram("outcomes", "Calls over time by outcome", "When did it start?")
                    .count("calls")
                    .over_time()
                    .by("event.outcome", 3),
                histogram("denied-over-time", "Denied calls over time by identity", "Is one identity probing?")
                    .count("denied")
                    .over_time()
                    .by("user.name", 5)
                    .only(DENIED),
            ],
            vec![
                table("watched", "Sensitive changes by CIS number", "Which of the changes that CIS asks to watch?")
                    .count("changes")
                    .distinct("user.name", "identities")
                    .max("@timestamp", "last")
                    .by_filters(WATCHED),
                histogram("watched-over-time", "Sensitive changes over time", "Was there a burst of changes?")
                    .count("changes")
                    .over_time()
                    .by_filters(WATCHED),
            ],
            vec![
                watchlist(
                    table("persistence", "Watchlist: persistence and privilege", "Was a way back in made?"),
                    PERSISTENCE,
                ),
                watchlist(
                    table("exposure", "Watchlist: exposure and destruction", "Was data opened or destroyed?"),
                    EXPOSURE,
                ),
            ],
            vec![
                table("tampering", "Who tampered with logging", "Who blinded us, where, what was the answer?")
                    .count("calls")
                    .max("@timestamp", "last")
                    .by("eventName", 20)
                    .by("user.name", 5)
                    .by("event.outcome", 3)
                    .only(TAMPERED),
                table("root-calls", "What root did", "Which calls, from where?")
                    .count("calls")
                    .max("@timestamp", "last")
                    .by("eventName", 25)
                    .by("source.address", 5)
                    .by("cloud.account.id", 5)
                    .only(ROOT),
            ],
            vec![
                table(
                    "access-keys",
                    "Access keys, newest first",
                    "Which key appeared within the range, from how many addresses?",
                )
                .min("@timestamp", "first")
                .max("@timestamp", "last")
                .count("calls")
                .distinct("source.ip", "addresses")
                .by("user.id", 50)
                .only("user.id:*"),
                table(
                    "user-agents",
                    "User agents, newest first",
                    "Which tool was not seen before within the range?",
                )
                .min("@timestamp", "first")
                .count("calls")
                .distinct("user.name", "identities")
                .by("user_agent.original", 50),
            ],
            vec![
                table("regions", "Regions, rarest first", "Is a region used that we never use?")
                    .count("calls")
                    .min("@timestamp", "first")
                    .by_least("cloud.region", 40, 0),
                table("looking-around", "Looking around, by identity", "Who finds out first what there is?")
                    .distinct("eventName", "kinds of calls")
                    .count("calls")
                    .distinct("source.ip", "addresses")
                    .min("@timestamp", "first")
                    .by("user.name", 25)
                    .only(LOOKING_AROUND),
            ],
            vec![
                table("identities", "Identities", "Who is loudest, from how many places, doing how much?")
                    .count("calls")
                    .distinct("source.ip", "addresses")
                    .distinct("cloud.account.id", "accounts")
                    .distinct("eventName", "kinds of calls")
                    .by("user.name", 25),
                table("addresses", "Source addresses", "From where, whose network, how many identities behind it?")
                    .count("calls")
                    .distinct("user.name", "identities")
                    .last("source.as.organization.name", "network")
                    .last("source.geo.country_name", "country")
                    .by("source.ip", 25)
                    .only("source.ip:*"),
            ],
            vec![
                table("logins", "Console logins", "Who signed in, from where, with MFA?")
                    .count("logins")
                    .last("additionalEventData.MFAUsed", "MFA")
                    .max("@timestamp", "last")
                    .by("user.name", 25)
                    .by("source.ip", 5)
                    .by("responseElements.ConsoleLogin", 2)
                    .only(r#"eventName:"ConsoleLogin""#),
                table("roles", "Roles assumed", "Into which role did they move, from which account?")
                    .count("times")
                    .max("@timestamp", "last")
                    .by("requestParameters.roleArn", 25)
                    .by("userIdentity.accountId", 5)
                    .only("eventName:(AssumeRole or AssumeRoleWithSAML or AssumeRoleWithWebIdentity or AssumeRoot)"),
            ],
            vec![
                bars("accounts", "Accounts and regions", "Where does it happen?")
                    .count("calls")
                    .by("cloud.account.id", 15)
                    .by("cloud.region", 5),
                table("principals", "Principals", "Which ARN is behind a name?")
                    .count("calls")
                    .max("@timestamp", "last")
                    .by("userIdentity.arn", 50),
            ],
            vec![
                area("errors-over-time", "Error codes over time", "What breaks or is refused?")
                    .count("errors")
                    .over_time()
                    .by("errorCode", 8)
                    .only("errorCode:*"),
                area("actions-over-time", "Actions over time", "Which calls make up the traffic?")
                    .count("calls")
                    .over_time()
                    .by("eventName", 10),
            ],
            vec![
                area("services-over-time", "Services over time", "Which services are used?")
                    .count("calls")
                    .over_time()
                    .by("eventSource", 10),
                area("kinds-over-time", "Kinds of events over time", "Calls, logins, events of services?")
                    .count("events")
                    .over_time()
                    .by("eventType", 5),
            ],
            vec![
                pie("actions", "Actions", "Which calls are most frequent?").count("calls").by("eventName", 10).wide(12),
                pie("services", "Services", "Which services are called most?")
                    .count("calls")
                    .by("eventSource", 10)
                    .wide(12),
                pie("errors", "Error codes", "Which errors are most frequent?")
                    .count("errors")
                    .by("errorCode", 10)
                    .wide(12),
                pie("kinds", "Kinds of events", "Calls, logins, events of services?").count("events").by("eventType", 10),
            ],
            vec![
                pie("tls", "TLS versions", "Does anyone use old TLS?").count("calls").by("tlsDetails.tlsVersion", 5).wide(12),
                pie("browsers", "Programs", "Which programs call?")
                    .count("calls")
                    .by_and_other("user_agent.name", 15)
                    .wide(12),
                pie("countries", "Source countries (GeoIP)", "From which countries?")
                    .count("calls")
                    .by("source.geo.country_name", 10)
                    .wide(12),
                pie("networks", "Source networks (GeoIP)", "From whose networks?")
                    .count("calls")
                    .by("source.as.organization.name", 10),
            ],
            vec![
                table("indicators", "Known bad indicators", "Is an address on a threat list?")
                    .count("calls")
                    .max("@timestamp", "last")
                    .by("threat.matched.providers", 10)
                    .by("threat.matched.indicators", 25),
            ],
            vec![search(
                "events",
                "Events",
                "Show me the calls, and the object that each is from",
                &[
                    "event.action",
                    "event.outcome",
                    "user.name",
                    "user.id",
                    "source.address",
                    "cloud.account.id",
                    "cloud.region",
                    "error.code",
                ],
            )],
        ],
    }
}
