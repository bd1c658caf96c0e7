//! The notification channel of the monitors (`_plugins/_notifications`, opensearch-project/notifications).

use opensearch::http::Method;
use serde_json::{Value, json};

use super::error::SetupError;
use super::plugin::{self, Answer};
use crate::sink::Cluster;
use crate::templates::Action;

/// Id of the channel that setup makes.
pub const CHANNEL: &str = "siem-loader-alerts";
const PATH: &str = "/_plugins/_notifications/configs";

/// Whom monitors notify. `Debug` shows no URL, since that of a Slack channel is a secret.
#[derive(Clone, Default)]
pub enum Alerts {
    /// Whom they notified before; at first nobody.
    #[default]
    AsBefore,
    /// A channel that is there.
    Channel(String),
    /// A topic of SNS, and the role that may publish to it, which Amazon OpenSearch Service needs.
    Sns {
        /// ARN of the topic.
        topic: String,
        /// ARN of the role.
        role: Option<String>,
    },
    /// A channel of Slack.
    Slack {
        /// URL of its webhook.
        url: String,
    },
}

impl std::fmt::Debug for Alerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AsBefore => f.write_str("AsBefore"),
            Self::Channel(id) => f.debug_tuple("Channel").field(id).finish(),
            Self::Sns { topic, role } => {
                f.debug_struct("Sns").field("topic", topic).field("role", role).finish()
            }
            Self::Slack { .. } => f.debug_struct("Slack").finish_non_exhaustive(),
        }
    }
}

impl Alerts {
    /// Id of the channel that monitors are to notify.
    pub(super) fn channel(&self) -> Option<&str> {
        match self {
            Self::AsBefore => None,
            Self::Channel(id) => Some(id),
            Self::Sns { .. } | Self::Slack { .. } => Some(CHANNEL),
        }
    }

    /// The channel to make (`model/NotificationConfig.kt` of opensearch-project/common-utils).
    #[must_use]
    pub fn config(&self) -> Option<Value> {
        let (kind, settings) = match self {
            Self::AsBefore | Self::Channel(_) => return None,
            Self::Sns { topic, role: None } => ("sns", json!({"topic_arn": topic})),
            Self::Sns { topic, role: Some(role) } => ("sns", json!({"topic_arn": topic, "role_arn": role})),
            Self::Slack { url } => ("slack", json!({ "url": url })),
        };
        Some(json!({
            "name": CHANNEL,
            "description": "Alerts of siem-loader's monitors, from `siem-loader setup`.",
            "config_type": kind,
            "is_enabled": true,
            kind: settings,
        }))
    }
}

/// Compares the channel with the one in the cluster; none where no channel is to be made or there is no plugin. What
/// differs is not shown: it may be a secret.
pub(super) async fn plan(
    cluster: &Cluster,
    alerts: &Alerts,
    force: bool,
) -> Result<Option<Action>, SetupError> {
    let Some(config) = alerts.config() else { return Ok(None) };
    let path = format!("{PATH}/{CHANNEL}");
    let answer = plugin::ask(cluster, Method::Get, &path, &[], None, "the notification channel").await?;
    Ok(match answer {
        Answer::NoPlugin => None,
        Answer::NotFound => Some(Action::Create),
        Answer::Done(answer) => {
            let there = answer.pointer("/config_list/0/config");
            let same =
                |(name, value): (&String, &Value)| there.and_then(|there| there.get(name)) == Some(value);
            let members = config.as_object().into_iter().flatten();
            Some(match (members.into_iter().all(same), force) {
                (true, _) => Action::Unchanged,
                (false, true) => Action::Update,
                (false, false) => Action::Kept,
            })
        }
    })
}

/// Makes or changes the channel.
pub(super) async fn write(cluster: &Cluster, alerts: &Alerts, action: Action) -> Result<(), SetupError> {
    let Some(config) = alerts.config() else { return Ok(()) };
    let object = "the notification channel";
    match action {
        Action::Create => {
            let body = json!({"config_id": CHANNEL, "config": config});
            plugin::ask(cluster, Method::Post, PATH, &[], Some(&body), object).await?;
        }
        Action::Update => {
            let path = format!("{PATH}/{CHANNEL}");
            plugin::ask(cluster, Method::Put, &path, &[], Some(&json!({"config": config})), object).await?;
        }
        _ => {}
    }
    Ok(())
}
