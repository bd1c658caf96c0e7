//! Notifications of SNS as text in an SQS message (raw delivery off). With raw delivery the text is what was published,
//! and nothing of SNS is left.
//!
//! The struct of `aws_lambda_events` is not used: it wants signature, certificate and a time in one form, none of which
//! is needed here.

use serde_json::Value;

use super::{shown, text};

/// The `Type` of a message that SNS wrote.
pub(super) fn kind(value: &Value) -> Option<&str> {
    value.get("TopicArn")?;
    text(value, "/Type")
}

/// What was published.
pub(super) fn published<'a>(value: &'a Value, kind: &str) -> Result<&'a str, String> {
    match kind {
        "Notification" => {
            text(value, "/Message").ok_or_else(|| "it is a notification of SNS without a message".into())
        }
        // The topic waits for somebody to open the address in it, and sends nothing before.
        "SubscriptionConfirmation" => {
            Err("SNS asks to confirm the subscription of this queue: open the SubscribeURL in the \
             message, or subscribe from the account that owns the queue"
                .into())
        }
        other => Err(format!("it is a message of SNS of type {}, which names no object", shown(other))),
    }
}
