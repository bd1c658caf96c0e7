//! Corpus generator and fixture objects of siem-loader.
//!
//! Records are written from templates: JSON text as AWS delivers it, with slots such as `<bucket>` or
//! `<uuid>` in it ([`template`]). What the slots draw from is a [`world`] of accounts, principals and
//! resources that follows from a seed. [`actions`] is the catalogue of API calls with their weights,
//! [`event`] puts one record together, [`object`] streams records into S3 objects. [`flow_log`],
//! [`resolver`] and [`config_item`] make other records, which [`corpus`] streams. [`fixtures`] are the
//! small objects with a known content that tests and demo load. Findings of [`guardduty`] and [`security_hub`]
//! are streamed by [`findings`].

pub mod actions;
pub mod clock;
pub mod config_item;
pub mod corpus;
pub mod event;
pub mod findings;
#[cfg(feature = "fixtures")]
pub mod fixtures;
pub mod flow_log;
pub mod guardduty;
pub mod insight;
pub mod members;
pub mod object;
pub mod resolver;
pub mod rng;
pub mod security_hub;
pub mod template;
pub mod world;
