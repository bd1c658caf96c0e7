//! CloudTrail Insights records: unusual rates of calls and errors, without a caller.

use crate::{
    event::Place,
    rng::Rng,
    template::{Scene, Template},
    world::{Pool, World},
};

/// Writes Insights records: starts of call rates and ends of error rates, in equal parts.
#[derive(Debug)]
pub struct Insights {
    start: Template,
    end: Template,
}

impl Insights {
    /// Compiles the templates.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Template::new(START), end: Template::new(END) }
    }

    /// Writes one record.
    pub fn write(&self, out: &mut Vec<u8>, rng: &mut Rng, world: &World, place: Place<'_>) {
        let session = world.caller(rng);
        let account = place.account.unwrap_or_else(|| world.account(rng));
        let template = if rng.chance(500) { &self.start } else { &self.end };
        let (drawn, kept) = ([None; Pool::COUNT], Default::default());
        let (region, now) = (place.region, place.now);
        template.write(out, &mut Scene { rng, world, session, account, region, now, drawn, kept });
    }
}

impl Default for Insights {
    fn default() -> Self {
        Self::new()
    }
}

const START: &str = r#"{"eventVersion":"1.09","eventTime":"<time>","awsRegion":"<region>","eventID":"<uuid>","eventType":"AwsCloudTrailInsight","recipientAccountId":"<account>","sharedEventID":"<uuid>","insightDetails":{"state":"Start","eventSource":"<pick:autoscaling|ssm|ec2|iam>.amazonaws.com","eventName":"<pick:CompleteLifecycleAction|GetParameters|RunInstances|AttachRolePolicy>","insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":<pick:0.0002480159|0.0161290323|1.25|12>},"insight":{"average":<int:2-90>.<int:1-9>},"insightDuration":<int:1-40>,"baselineDuration":<int:9000-11200>}}},"eventCategory":"Insight"}"#;

const END: &str = r#"{"eventVersion":"1.09","eventTime":"<time>","awsRegion":"<region>","eventID":"<uuid>","eventType":"AwsCloudTrailInsight","recipientAccountId":"<account>","sharedEventID":"<uuid>","insightDetails":{"state":"End","eventSource":"<pick:s3|kms|lambda>.amazonaws.com","eventName":"<pick:GetObject|Decrypt|Invoke>","insightType":"ApiErrorRateInsight","errorCode":"<pick:AccessDenied|ThrottlingException>","insightContext":{"statistics":{"baseline":{"average":<pick:0.0002480159|0.0161290323|1.25|12>},"insight":{"average":<int:2-90>.<int:1-9>},"insightDuration":<int:1-40>,"baselineDuration":<int:9000-11200>},"attributions":[{"attribute":"userIdentityArn","insight":[{"value":"arn:aws:sts::<account>:assumed-role/<role>/<function>","average":<int:1-40>.5}],"baseline":[{"value":"arn:aws:sts::<account>:assumed-role/<role>/<function>","average":0.0012}]},{"attribute":"userAgent","insight":[{"value":"<agent>","average":<int:1-40>}],"baseline":[]},{"attribute":"errorCode","insight":[{"value":"AccessDenied","average":2.2}],"baseline":[]}]}},"eventCategory":"Insight"}"#;
