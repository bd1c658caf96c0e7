//! Small objects that are written, read and removed as a whole: dead letters.

use std::io::Read;

use bytes::Bytes;

use super::{FetchError, ObjectRef, Source, s3_error::Target};

impl Source {
    /// Writes an object in one request: whoever reads it sees all of it or what was there before.
    ///
    /// # Errors
    /// Why it was not written.
    pub async fn put(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<(), FetchError> {
        let target = Target::of("PutObject", "s3:PutObject", bucket, key);
        let s3 = &self.inner.s3;
        s3.in_region_of(&target, |client| {
            client.put_object().bucket(bucket).key(key).body(bytes.clone().into()).send()
        })
        .await
        .map(drop)
    }

    /// Removes an object. That it is not there is no error.
    ///
    /// # Errors
    /// Why it was not removed.
    pub async fn remove(&self, bucket: &str, key: &str) -> Result<(), FetchError> {
        let target = Target::of("DeleteObject", "s3:DeleteObject", bucket, key);
        let s3 = &self.inner.s3;
        s3.in_region_of(&target, |client| client.delete_object().bucket(bucket).key(key).send())
            .await
            .map(drop)
    }

    /// Reads an object as a whole. Blocks; for plain threads.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>, FetchError> {
        let object = ObjectRef::s3(bucket, key);
        let mut bytes = Vec::new();
        self.open(&object)?.read_to_end(&mut bytes).map_err(|error| match FetchError::of(&error) {
            Some(fetch) => fetch.clone(),
            None => FetchError::Damaged { place: object.to_string(), reason: error.to_string() },
        })?;
        Ok(bytes)
    }
}
