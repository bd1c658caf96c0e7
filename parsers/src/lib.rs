//! siem-parsers: bytes of AWS security logs in, normalised ECS documents out.
//!
//! Pure: no AWS, no network, no clock, no environment. Data goes from left to right through the modules:
//!
//! [`key`] (what the S3 key says) → [`decode`] (gzip and others) → [`recognise`] (which log it is) → [`split`]
//! (pieces at record boundaries) → [`render`] (records to documents, by [`json`], [`shape`] and the log type in
//! [`source`]) → [`document`].
//!
//! Input is hostile: nothing in here panics on any bytes, and every loop is bounded by the input or by a limit
//! that is named.

pub mod address;
pub mod decode;
pub mod document;
pub mod ecs;
pub mod id;
pub mod json;
pub mod key;
mod md5_lanes;
mod nested;
pub mod recognise;
pub mod render;
pub mod schema;
pub mod shape;
pub mod source;
pub mod split;
pub mod time;
pub mod user_agent;
mod user_agent_cache;
pub mod when;
