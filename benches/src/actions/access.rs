//! STS, IAM and sign-in: who becomes whom.

use super::{Action, Kind, READ, WRITE, Who};

const CREDENTIALS: &str = r#"{"credentials":{"accessKeyId":"ASIA<up:16>","sessionToken":"IQoJb3JpZ2luX2VjE<b64:50>==","expiration":"<expiry>"},"assumedRoleUser":{"assumedRoleId":"AROA<up:17>:<y>","arn":"arn:aws:sts::<account>:assumed-role/<role>/<y>"}}"#;
const ROLE: &str =
    r#"[{"accountId":"<account>","type":"AWS::IAM::Role","ARN":"arn:aws:iam::<account>:role/<role>"}]"#;
const ASSUME: Action = Action {
    source: "sts",
    name: "AssumeRole",
    responses: &[CREDENTIALS],
    resources: ROLE,
    shared: 500,
    errors: &[],
    ..READ
};

pub(super) const STS: &[Action] = &[
    Action {
        weight: 620,
        identity: r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
        address: "ec2.amazonaws.com",
        agent: "ec2.amazonaws.com",
        requests: &[r#"{"roleArn":"arn:aws:iam::<account>:role/<role>","roleSessionName":"<y=instance>"}"#],
        ..ASSUME
    },
    Action {
        weight: 490,
        identity: r#"{"type":"AWSService","invokedBy":"<z=pick:lambda|ecs-tasks|states|events|delivery.logs|glue|codebuild>.amazonaws.com"}"#,
        address: "<z>.amazonaws.com",
        agent: "<z>.amazonaws.com",
        requests: &[
            r#"{"roleArn":"arn:aws:iam::<account>:role/<role>","roleSessionName":"<y=function>","durationSeconds":<pick:900|3600>}"#,
            r#"{"roleArn":"arn:aws:iam::<account>:role/<role>","roleSessionName":"<y=hex:32>","sourceArn":"arn:aws:ecs:<region>:<account>:cluster/<cluster>","sourceAccount":"<account>"}"#,
        ],
        ..ASSUME
    },
    Action {
        weight: 540,
        requests: &[
            r#"{"roleArn":"arn:aws:iam::<account>:role/<role>","roleSessionName":"<y=pick:botocore-session-<int:1772323200-1772409600>|terraform|nightly-export>","externalId":"<pick:vendor|scanner|billing>-<hex:8>","durationSeconds":3600}"#,
            r#"{"roleArn":"arn:aws:iam::<account>:role/<role>","roleSessionName":"<y=user>","tags":[{"key":"team","value":"<team>"}],"transitiveTagKeys":["team"]}"#,
        ],
        extra: r#"{"ExplicitTrustGrant":"true"}"#,
        errors: &[(
            12,
            "AccessDenied",
            "User: <caller> is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::<account>:role/<role>",
        )],
        ..ASSUME
    },
    Action {
        weight: 390,
        name: "AssumeRoleWithWebIdentity",
        identity: r#"{"type":"WebIdentityUser","principalId":"<z=pick:arn:aws:iam::<account>:oidc-provider/oidc.eks.<region>.amazonaws.com/id/8F1C0B6E5D7A49321C0B6E5D7A493218|arn:aws:iam::<account>:oidc-provider/token.actions.githubusercontent.com>:sts.amazonaws.com:<w=pick:system:serviceaccount:<team>:<family>|repo:kestrel-shop/<family>:ref:refs/heads/main>","userName":"<w>","identityProvider":"<z>"}"#,
        address: "<client>",
        agent: "<agent>",
        requests: &[
            r#"{"roleArn":"arn:aws:iam::<account>:role/<role>","roleSessionName":"<y=pick:<family>-<int:1772323200-1772409600>|GitHubActions>","durationSeconds":3600}"#,
        ],
        responses: &[
            r#"{"credentials":{"accessKeyId":"ASIA<up:16>","sessionToken":"IQoJb3JpZ2luX2VjE<b64:50>==","expiration":"<expiry>"},"subjectFromWebIdentityToken":"<w>","assumedRoleUser":{"assumedRoleId":"AROA<up:17>:<y>","arn":"arn:aws:sts::<account>:assumed-role/<role>/<y>"},"provider":"<z>","audience":"sts.amazonaws.com"}"#,
        ],
        shared: 0,
        tls: 700,
        ..ASSUME
    },
    Action {
        weight: 80,
        name: "AssumeRoleWithSAML",
        identity: r#"{"type":"SAMLUser","principalId":"kQ7x0WcR2uJ1vZ4nB8mT6yL3sD9=:<w=user>@example.com","userName":"<w>@example.com","identityProvider":"kQ7x0WcR2uJ1vZ4nB8mT6yL3sD9="}"#,
        address: "<client>",
        agent: "<browser>",
        requests: &[
            r#"{"sAMLAssertionID":"_<uuid>","roleSessionName":"<w>@example.com","roleArn":"arn:aws:iam::<account>:role/aws-reserved/sso.amazonaws.com/<region>/AWSReservedSSO_ReadOnly_9f0c2b7d41e6a853","principalArn":"arn:aws:iam::<account>:saml-provider/AWSSSO_5b1f0a93c7d2e846_DO_NOT_DELETE","durationSeconds":<pick:3600|28800|43200>}"#,
        ],
        responses: &[
            r#"{"credentials":{"accessKeyId":"ASIA<up:16>","sessionToken":"IQoJb3JpZ2luX2VjE<b64:110>==","expiration":"<expiry>"},"assumedRoleUser":{"assumedRoleId":"AROA<up:17>:<w>@example.com","arn":"arn:aws:sts::<account>:assumed-role/AWSReservedSSO_ReadOnly_9f0c2b7d41e6a853/<w>@example.com"},"subject":"<w>@example.com","subjectType":"persistent","issuer":"https://portal.sso.<region>.amazonaws.com/saml/assertion/kestrel","audience":"https://signin.aws.amazon.com/saml","nameQualifier":"<b64:27>="}"#,
        ],
        resources: r#"[{"accountId":"<account>","type":"AWS::IAM::Role","ARN":"arn:aws:iam::<account>:role/aws-reserved/sso.amazonaws.com/<region>/AWSReservedSSO_ReadOnly_9f0c2b7d41e6a853"},{"accountId":"<account>","type":"AWS::IAM::SAMLProvider","ARN":"arn:aws:iam::<account>:saml-provider/AWSSSO_5b1f0a93c7d2e846_DO_NOT_DELETE"}]"#,
        shared: 0,
        tls: 900,
        ..ASSUME
    },
    Action { weight: 188, source: "sts", name: "GetCallerIdentity", errors: &[], ..READ },
];

const IAM_READ: Action = Action { source: "iam", global: true, ..READ };
const IAM_WRITE: Action = Action { source: "iam", global: true, who: Who::Person, ..WRITE };

pub(super) const IAM: &[Action] = &[
    Action { weight: 33, name: "ListRoles", ..IAM_READ },
    Action { weight: 28, name: "GetAccountSummary", ..IAM_READ },
    Action { weight: 18, name: "ListUsers", requests: &[r#"{"maxItems":<int:10-1000>}"#], ..IAM_READ },
    Action { weight: 20, name: "GetRole", requests: &[r#"{"roleName":"<role>"}"#], ..IAM_READ },
    Action {
        weight: 21,
        name: "CreateUser",
        requests: &[
            r#"{"userName":"<user>","path":"/<pick:staff|service>/","tags":[{"key":"owner","value":"<person>"},{"key":"team","value":"<team>"}]}"#,
            r#"{"userName":"<user>"}"#,
        ],
        responses: &[
            r#"{"user":{"path":"/","userName":"<user>","userId":"AIDA<up:17>","arn":"arn:aws:iam::<account>:user/<user>","createDate":"<expiry>"}}"#,
        ],
        errors: &[(60, "EntityAlreadyExistsException", "User with name <user> already exists.")],
        ..IAM_WRITE
    },
    Action {
        weight: 20,
        name: "CreateAccessKey",
        requests: &[r#"{"userName":"<user>"}"#],
        responses: &[
            r#"{"accessKey":{"userName":"<user>","accessKeyId":"AKIA<up:16>","status":"Active","createDate":"<expiry>"}}"#,
        ],
        ..IAM_WRITE
    },
    Action {
        weight: 19,
        name: "CreateRole",
        requests: &[
            r#"{"roleName":"<role>","path":"/","description":"","assumeRolePolicyDocument":"<policy:1-3>","tags":[{"key":"team","value":"<team>"}]}"#,
        ],
        responses: &[
            r#"{"role":{"path":"/","roleName":"<role>","roleId":"AROA<up:17>","arn":"arn:aws:iam::<account>:role/<role>","createDate":"<expiry>","assumeRolePolicyDocument":"%7B%22Version%22%3A%222012-10-17%22%7D"}}"#,
        ],
        ..IAM_WRITE
    },
    Action {
        weight: 17,
        name: "PutRolePolicy",
        requests: &[
            r#"{"roleName":"<role>","policyName":"inline-<int:1-9>","policyDocument":"<policy:1-6>"}"#,
        ],
        ..IAM_WRITE
    },
    Action {
        weight: 17,
        name: "CreatePolicy",
        requests: &[
            r#"{"policyName":"<role>-policy","policyDocument":"<policy:1-14>","description":"für <team>","tags":[]}"#,
        ],
        responses: &[
            r#"{"policy":{"policyName":"<role>-policy","policyId":"ANPA<up:17>","arn":"arn:aws:iam::<account>:policy/<role>-policy","path":"/","defaultVersionId":"v1","attachmentCount":0,"isAttachable":true}}"#,
        ],
        ..IAM_WRITE
    },
    Action {
        weight: 16,
        name: "CreatePolicyVersion",
        requests: &[
            r#"{"policyArn":"arn:aws:iam::<account>:policy/<role>-policy","policyDocument":"<policy:1-4>","setAsDefault":true}"#,
        ],
        responses: &[
            r#"{"policyVersion":{"versionId":"v<int:2-5>","isDefaultVersion":true,"createDate":"<expiry>"}}"#,
        ],
        ..IAM_WRITE
    },
    Action {
        weight: 1,
        name: "UpdateAssumeRolePolicy",
        requests: &[r#"{"roleName":"<role>","policyDocument":"<policy:80-130>"}"#],
        ..IAM_WRITE
    },
    Action {
        weight: 16,
        name: "AttachRolePolicy",
        requests: &[
            r#"{"roleName":"<role>","policyArn":"arn:aws:iam::aws:policy/<pick:ReadOnlyAccess|AdministratorAccess|SecurityAudit>"}"#,
        ],
        ..IAM_WRITE
    },
    Action {
        weight: 12,
        name: "DeleteLoginProfile",
        requests: &[r#"{"userName":"<user>"}"#],
        errors: &[(200, "NoSuchEntityException", "Login Profile for User <user> cannot be found.")],
        ..IAM_WRITE
    },
    Action {
        weight: 8,
        name: "DeactivateMFADevice",
        requests: &[r#"{"userName":"<user>","serialNumber":"arn:aws:iam::<account>:mfa/<user>"}"#],
        ..IAM_WRITE
    },
    Action {
        weight: 9,
        name: "AddUserToGroup",
        requests: &[r#"{"userName":"<user>","groupName":"<group>"}"#],
        ..IAM_WRITE
    },
];

const USER: &str = r#"{"type":"IAMUser","principalId":"AIDA<up:17>","accountId":"<account>","arn":"arn:aws:iam::<account>:user/<user>","userName":"<user>"}"#;
const ROOT: &str = r#"{"type":"Root","principalId":"<account>","arn":"arn:aws:iam::<account>:root","accountId":"<account>","accessKeyId":""}"#;
const LOGIN: Action = Action {
    source: "signin",
    name: "ConsoleLogin",
    kind: Kind::SignIn,
    global: true,
    identity: USER,
    address: "<client>",
    agent: "<browser>",
    errors: &[],
    ..WRITE
};

pub(super) const SIGN_IN: &[Action] = &[
    Action {
        weight: 85,
        responses: &[r#"{"ConsoleLogin":"Success"}"#],
        extra: r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_<region>_<hex:16>","MobileVersion":"No","MFAIdentifier":"arn:aws:iam::<account>:mfa/<user>","MFAUsed":"Yes"}"#,
        ..LOGIN
    },
    Action {
        weight: 20,
        responses: &[r#"{"ConsoleLogin":"Success"}"#],
        extra: r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No"}"#,
        ..LOGIN
    },
    Action {
        weight: 12,
        responses: &[r#"{"ConsoleLogin":"Failure"}"#],
        extra: r#"{"LoginTo":"https://console.aws.amazon.com/console/home?state=hashArgs%23","MobileVersion":"<pick:No|Yes>","MFAUsed":"No"}"#,
        errors: &[(1000, "", "Failed authentication")],
        ..LOGIN
    },
    Action {
        weight: 4,
        identity: ROOT,
        responses: &[r#"{"ConsoleLogin":"Success"}"#],
        extra: r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"<pick:Yes|No>"}"#,
        ..LOGIN
    },
    Action {
        weight: 10,
        source: "signin",
        name: "CheckMfa",
        responses: &[r#"{"CheckMfa":"Success"}"#],
        extra: r#"{"MfaType":"<pick:Virtual MFA|U2F MFA>"}"#,
        ..LOGIN
    },
    Action {
        weight: 38,
        source: "health",
        name: "DescribeEventAggregates",
        identity: r#"{"type":"Root","principalId":"<account>","arn":"arn:aws:iam::<account>:root","accountId":"<account>","accessKeyId":"ASIA<up:16>","sessionContext":{"attributes":{"creationDate":"<time>","mfaAuthenticated":"true"}}}"#,
        address: "<client>",
        agent: "AWS Internal",
        requests: &[
            r#"{"aggregateField":"eventTypeCategory","filter":{"eventStatusCodes":["open","upcoming"]}}"#,
        ],
        errors: &[],
        ..READ
    },
];
