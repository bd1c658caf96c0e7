//! A right that is missing, and what AWS says about it.
//!
//! The sentence is `User: ARN is not authorized to perform: ACTION on resource: "ARN" REASON`, where the reason names the
//! type of policy. It is documented for S3
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>) and for all services
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>). S3 gives it only within an
//! account or an organisation; elsewhere it says `Access Denied`. Of several policies that deny it names one.

use std::fmt;

use super::access_table::row;
use super::s3_error::{Target, bounded};

/// Which policy denied an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DenialCause {
    /// The policies of the role or user.
    IdentityPolicy,
    /// The policy of the bucket or access point.
    BucketPolicy,
    /// The object belongs to another account than the bucket.
    ObjectOwner,
    /// The bucket belongs to another account than the settings say.
    ExpectedOwner,
    /// The policies of the role or user, about the KMS key.
    KeyIdentityPolicy,
    /// The policy of the KMS key.
    KeyPolicy,
    /// The KMS key; whose policy is not said.
    Key,
    /// The policy of a VPC endpoint.
    VpcEndpointPolicy,
    /// A service control policy of the organisation.
    ServiceControlPolicy,
    /// A resource control policy of the organisation.
    ResourceControlPolicy,
    /// The permissions boundary of the role or user.
    PermissionsBoundary,
    /// A session policy.
    SessionPolicy,
    /// The trust policy of a role, or the right to assume it.
    RoleTrust,
    /// Denied or missing: S3 does not tell without `s3:ListBucket`.
    OrMissing,
    /// Nothing is known.
    Unexplained,
}

impl DenialCause {
    /// Its row in the table of refusals.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::IdentityPolicy => "access_denied_identity_policy",
            Self::BucketPolicy => "access_denied_bucket_policy",
            Self::ObjectOwner => "access_denied_object_owner",
            Self::ExpectedOwner => "access_denied_expected_owner",
            Self::KeyIdentityPolicy => "access_denied_kms_identity_policy",
            Self::KeyPolicy => "access_denied_kms_key_policy",
            Self::Key => "access_denied_kms_key",
            Self::VpcEndpointPolicy => "access_denied_vpc_endpoint_policy",
            Self::ServiceControlPolicy => "access_denied_service_control_policy",
            Self::ResourceControlPolicy => "access_denied_resource_control_policy",
            Self::PermissionsBoundary => "access_denied_permissions_boundary",
            Self::SessionPolicy => "access_denied_session_policy",
            Self::RoleTrust => "access_denied_role_trust",
            Self::OrMissing => "access_denied_or_missing",
            Self::Unexplained => "access_denied",
        }
    }
}

/// Who may not do what with what, and why.
///
/// The text names the place, the principal, the action, the resource, AWS's own reason, and which policy to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What was asked for.
    pub place: String,
    /// Who was denied: as AWS names it, else the role of the bucket's settings.
    pub principal: Option<String>,
    /// The IAM action that was denied, such as `s3:GetObject`.
    pub action: String,
    /// What it was denied on; an ARN.
    pub resource: Option<String>,
    /// AWS's reason: `because no identity-based policy allows the s3:GetObject action`.
    pub said: Option<String>,
    /// Which policy it was.
    pub cause: DenialCause,
    /// The KMS key of the object, where it is known.
    pub key: Option<String>,
}

impl Denial {
    /// Whether AWS gave no reason, so that more is to be asked.
    pub(super) fn is_bare(&self) -> bool {
        self.said.is_none() && matches!(self.cause, DenialCause::Unexplained | DenialCause::Key)
    }

    /// What `message` says; a denial without a reason where it says nothing.
    pub(super) fn read(message: &str, target: &Target) -> Self {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let unexplained = |cause, action: &str| Self {
            place: target.place.clone(),
            principal: target.principal.clone(),
            action: action.to_owned(),
            resource: Some(target.resource.clone()).filter(|resource| !resource.is_empty()),
            said: None,
            cause,
            key: None,
        };
        let Some((user, request)) = message.split_once(" is not authorized to perform: ") else {
            // The words of KMS itself, which S3 passes on.
            let about_key = message.contains("customer master key");
            return match about_key {
                true => Self { resource: None, ..unexplained(DenialCause::Key, "kms:Decrypt") },
                false => unexplained(DenialCause::Unexplained, target.action),
            };
        };
        let principal = user.strip_prefix("User:").or_else(|| user.strip_prefix("User")).unwrap_or(user);
        let (action, rest) = request.split_once(' ').unwrap_or((request, ""));
        let (resource, said) = resource_and_reason(rest);
        let cause = cause(action, said, target);
        let key = (action.starts_with("kms:") && resource.starts_with("arn:")).then(|| bounded(resource));
        // Where the resource is left out it is the one of the request; the key of the object is not told.
        let is_of_request = action.starts_with("s3:GetObject") == target.action.starts_with("s3:GetObject");
        let resource = match resource {
            "" if action.starts_with("s3:") && is_of_request => Some(target.resource.clone()),
            "" => None,
            named => Some(bounded(named)),
        };
        Self {
            place: target.place.clone(),
            principal: Some(bounded(principal.trim())).filter(|name| !name.is_empty()),
            action: bounded(action),
            resource,
            said: Some(bounded(said)).filter(|said| !said.is_empty()),
            cause,
            key,
        }
    }
}

/// ` on resource: "ARN" REASON`, `on resource: ARN REASON`, `on this resource REASON`, `on the resource associated with
/// this ciphertext REASON`, or the reason alone. A key of an object stands between quotes and may hold quotes and any
/// words, so the reason is what follows the last quote.
fn resource_and_reason(rest: &str) -> (&str, &str) {
    let (resource, reason) = if let Some(quoted) = rest.strip_prefix("on resource: \"") {
        quoted.rsplit_once('"').unwrap_or((quoted, ""))
    } else if let Some(named) = rest.strip_prefix("on resource: ") {
        named.split_once(' ').unwrap_or((named, ""))
    } else {
        let unnamed = ["on this resource", "on the resource associated with this ciphertext"];
        ("", unnamed.iter().find_map(|words| rest.strip_prefix(words)).unwrap_or(rest))
    };
    (resource, reason.trim())
}

fn cause(action: &str, reason: &str, target: &Target) -> DenialCause {
    let about_key = action.starts_with("kms:");
    if action.starts_with("sts:") {
        return DenialCause::RoleTrust;
    }
    // S3 looks for s3:ListBucket on a GET only to decide how to say that the object is not there:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    if action == "s3:ListBucket" && target.action != action {
        return DenialCause::OrMissing;
    }
    // Words with a blank: no name of a policy or role has one.
    let policies = [
        ("service control policy", DenialCause::ServiceControlPolicy),
        ("resource control policy", DenialCause::ResourceControlPolicy),
        ("VPC endpoint policy", DenialCause::VpcEndpointPolicy),
        ("permissions boundary", DenialCause::PermissionsBoundary),
        ("session policy", DenialCause::SessionPolicy),
        (
            "identity-based polic",
            if about_key { DenialCause::KeyIdentityPolicy } else { DenialCause::IdentityPolicy },
        ),
        ("resource-based polic", if about_key { DenialCause::KeyPolicy } else { DenialCause::BucketPolicy }),
    ];
    let named = policies.into_iter().find(|(words, _)| reason.contains(words)).map(|(_, cause)| cause);
    named.unwrap_or(if about_key { DenialCause::Key } else { DenialCause::Unexplained })
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.principal.as_deref().unwrap_or("the loader's role or user");
        write!(f, "{}: access denied: {who} is not allowed {}", self.place, self.action)?;
        if let Some(resource) = &self.resource {
            write!(f, " on {resource}")?;
        }
        if let Some(said) = &self.said {
            write!(f, " ({said})")?;
        }
        if let Some(key) = self.key.as_ref().filter(|key| Some(*key) != self.resource.as_ref()) {
            write!(f, "; the object's KMS key is {key}")?;
        }
        write!(f, ": {}", row(self.cause.kind()).advice())
    }
}
