//! What can be found out about a denial for which AWS gives no reason: a few questions.
//!
//! 1. HEAD of the object. It needs `s3:GetObject` like the GET, but not `kms:Decrypt` (only with checksum mode, which is
//!    not asked for: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>). So a GET that is denied
//!    and a HEAD that is not mean the KMS key, and the HEAD names it.
//! 2. The listing of the key, with its owner. Where it is denied as well, the object may just be missing.
//! 3. The ACL of the bucket, which names the owner of the bucket. Another owner of the object than of the bucket is what
//!    no bucket policy helps against, see
//!    <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
//!
//! Where the settings name the account that must own the bucket, and the HEAD is denied, it is asked once more without
//! that. A question that fails leaves the denial as it is.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

use super::denial::{Denial, DenialCause};
use super::s3::{S3, owner, payer};
use super::s3_error::{Target, bounded};
use super::{FetchError, ObjectRef};

impl S3 {
    /// The denial of a GET, with what else is to be found out about it.
    pub(super) async fn look_into(&self, object: &ObjectRef, denial: Denial) -> Denial {
        let mut target = Target::get(object);
        let access = self.access(object.bucket.as_deref().unwrap_or_default(), &mut target).cloned();
        if let Ok(head) = self.head(object, &target, owner(access.as_ref())).await {
            return match head.ssekms_key_id().map(bounded) {
                Some(key) => Denial {
                    action: "kms:Decrypt".to_owned(),
                    resource: Some(key.clone()),
                    cause: DenialCause::Key,
                    key: Some(key),
                    ..denial
                },
                None => denial,
            };
        }
        if denial.cause != DenialCause::Unexplained {
            return denial;
        }
        if owner(access.as_ref()).is_some() && self.head(object, &target, None).await.is_ok() {
            return Denial { cause: DenialCause::ExpectedOwner, ..denial };
        }
        let owner_of_object = match self.listed_owner(object, &target).await {
            Ok(owner) => owner,
            Err(FetchError::AccessDenied(_)) => return Denial { cause: DenialCause::OrMissing, ..denial },
            Err(_) => return denial,
        };
        let owner_of_bucket = match owner_of_object {
            Some(_) => self.bucket_owner(&target).await,
            None => None,
        };
        match (owner_of_object, owner_of_bucket) {
            (Some(object), Some(bucket)) if object != bucket => {
                Denial { cause: DenialCause::ObjectOwner, ..denial }
            }
            _ => denial,
        }
    }

    async fn head(
        &self,
        object: &ObjectRef,
        target: &Target,
        expected_owner: Option<String>,
    ) -> Result<HeadObjectOutput, FetchError> {
        let access = self.access(&target.bucket, &mut target.clone());
        let head = self.in_region_of(target, |client| {
            client
                .head_object()
                .bucket(&target.bucket)
                .key(&object.key)
                .set_version_id(object.version_id.clone())
                .set_request_payer(payer(access))
                .set_expected_bucket_owner(expected_owner.clone())
                .send()
        });
        head.await
    }

    /// The owner of the object (a canonical user id) as the listing names it; an error where it may not be listed.
    async fn listed_owner(&self, object: &ObjectRef, target: &Target) -> Result<Option<String>, FetchError> {
        let access = self.access(&target.bucket, &mut target.clone());
        let page = self.in_region_of(target, |client| {
            client
                .list_objects_v2()
                .bucket(&target.bucket)
                .prefix(&object.key)
                .max_keys(1)
                .fetch_owner(true)
                .set_request_payer(payer(access))
                .set_expected_bucket_owner(owner(access))
                .send()
        });
        let page = page.await?;
        let listed = page.contents().iter().find(|listed| listed.key() == Some(&object.key));
        Ok(listed.and_then(|listed| listed.owner()?.id().map(str::to_owned)))
    }

    /// The owner of the bucket, where we may know it.
    async fn bucket_owner(&self, target: &Target) -> Option<String> {
        let access = self.access(&target.bucket, &mut target.clone());
        let acl = self.in_region_of(target, |client| {
            client.get_bucket_acl().bucket(&target.bucket).set_expected_bucket_owner(owner(access)).send()
        });
        acl.await.ok()?.owner()?.id().map(str::to_owned)
    }
}
