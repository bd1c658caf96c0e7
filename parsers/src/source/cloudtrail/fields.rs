//! The fields of a CloudTrail record: what the template types, which ones es-loader reshapes, and where the ECS
//! fields find their values.

use std::sync::LazyLock;

use crate::schema::Schema;

/// The component template that is installed in OpenSearch.
pub const TEMPLATE: &str =
    include_str!("../../../../index-templates/component-templates/siem-loader-cloudtrail.json");

/// Values that are used again after the record was walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Slot {
    /// `userIdentity`
    UserIdentity,
    /// `eventTime`
    EventTime,
    /// `eventSource`
    EventSource,
    /// `eventName`
    EventName,
    /// `awsRegion`
    AwsRegion,
    /// `sourceIPAddress`
    SourceIpAddress,
    /// `userAgent`
    UserAgent,
    /// `errorCode`
    ErrorCode,
    /// `errorMessage`
    ErrorMessage,
    /// `requestParameters`
    RequestParameters,
    /// `responseElements`
    ResponseElements,
    /// `eventID`
    EventId,
    /// `eventType`
    EventType,
    /// `readOnly`
    ReadOnly,
    /// `recipientAccountId`
    RecipientAccountId,
}

/// How many slots there are.
pub const SLOTS: usize = 15;

const SLOT_NAMES: [(&str, Slot); SLOTS] = [
    ("userIdentity", Slot::UserIdentity),
    ("eventTime", Slot::EventTime),
    ("eventSource", Slot::EventSource),
    ("eventName", Slot::EventName),
    ("awsRegion", Slot::AwsRegion),
    ("sourceIPAddress", Slot::SourceIpAddress),
    ("userAgent", Slot::UserAgent),
    ("errorCode", Slot::ErrorCode),
    ("errorMessage", Slot::ErrorMessage),
    ("requestParameters", Slot::RequestParameters),
    ("responseElements", Slot::ResponseElements),
    ("eventID", Slot::EventId),
    ("eventType", Slot::EventType),
    ("readOnly", Slot::ReadOnly),
    ("recipientAccountId", Slot::RecipientAccountId),
];

/// How es-loader brings a value into one shape (its `json_to_text` and `sf_cloudtrail.py`). Where a source is
/// named, only for events of that service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// A container becomes its JSON as text.
    Text,
    /// A container becomes its JSON as text, for one service.
    TextFor(&'static str),
    /// A list of objects becomes its JSON as text, for one service.
    ObjectListFor(&'static str),
    /// Text or a list of texts goes under `value`; anything else but objects too, as JSON text.
    Wrap,
    /// As `Wrap`, for one service.
    WrapFor(&'static str),
    /// Text goes under the given name, for the services given (none: all).
    Under(&'static str, &'static [&'static str]),
    /// Text goes under `iam` where it holds the ARN of an IAM role, else under `value`.
    Credentials,
    /// `{"value": x}` becomes `x`.
    Unwrap,
    /// A key of a table's parameters that is the path of another gets another name (athena).
    Rename(&'static str, &'static str),
}

/// The paths: first those that become text, then the others.
pub const FIXES: &[(&str, Fix)] = &[
    ("additionalEventData.requestParameters", Fix::Text),
    ("requestParameters.attribute", Fix::Text),
    ("requestParameters.authParameters", Fix::Text),
    ("requestParameters.bucketPolicy.Statement", Fix::Text),
    ("requestParameters.content", Fix::Text),
    ("requestParameters.DescribeFlowLogsRequest", Fix::Text),
    ("requestParameters.description", Fix::Text),
    ("requestParameters.ebsOptimized", Fix::Text),
    ("requestParameters.filter", Fix::Text),
    ("requestParameters.iamInstanceProfile", Fix::Text),
    ("requestParameters.imageId", Fix::Text),
    ("requestParameters.instanceType", Fix::Text),
    ("requestParameters.partitionInputList", Fix::Text),
    ("requestParameters.principal", Fix::Text),
    ("requestParameters.result", Fix::Text),
    ("requestParameters.resource", Fix::Text),
    ("requestParameters.schedule", Fix::Text),
    ("requestParameters.scope", Fix::Text),
    ("requestParameters.sort", Fix::Text),
    ("requestParameters.sortBy", Fix::Text),
    ("requestParameters.source", Fix::Text),
    ("requestParameters.status", Fix::Text),
    ("requestParameters.subnets", Fix::Text),
    ("requestParameters.tableInput.parameters", Fix::Text),
    ("requestParameters.target", Fix::Text),
    ("responseElements.dBSubnetGroup", Fix::Text),
    ("responseElements.data", Fix::Text),
    ("responseElements.description", Fix::Text),
    ("responseElements.endpoint", Fix::Text),
    ("responseElements.imageId", Fix::Text),
    ("responseElements.result", Fix::Text),
    ("responseElements.role", Fix::Text),
    ("responseElements.subnets", Fix::Text),
    ("serviceEventDetails.eventRequestDetails", Fix::Text),
    ("responseElements.credentials", Fix::Credentials),
    ("requestParameters.tags", Fix::Wrap),
    ("responseElements.policy", Fix::Wrap),
    ("requestParameters.disableApiTermination", Fix::Unwrap),
    ("requestParameters.disableApiStop", Fix::Unwrap),
    ("responseElements.status", Fix::Under("status", &[])),
    (
        "responseElements.tableMetadataList.parameters",
        Fix::Rename("projection.date.interval.unit", "projection.date.interval_unit"),
    ),
    (
        "responseElements.tableMetadata.parameters",
        Fix::Rename("projection.part_date.interval.unit", "projection.part_date.interval_unit"),
    ),
    ("requestParameters.configuration", Fix::Under("text", &["glue.amazonaws.com"])),
    ("responseElements.session", Fix::Under("value", &["cognito-idp.amazonaws.com"])),
    ("requestParameters.command", Fix::Under("command", &["ecs.amazonaws.com"])),
    (
        "requestParameters.parameters",
        Fix::Under("value", &["ssm.amazonaws.com", "sqlworkbench.amazonaws.com"]),
    ),
    ("responseElements.database", Fix::Under("name", &["redshift-data.amazonaws.com"])),
    ("requestParameters.settings", Fix::Under("value", &["cloud9.amazonaws.com"])),
    ("requestParameters.ReplicationConfiguration.Rule.Filter", Fix::TextFor("s3.amazonaws.com")),
    ("requestParameters.accountIds", Fix::ObjectListFor("inspector2.amazonaws.com")),
    ("requestParameters.resourceId", Fix::TextFor("codeguru-security.amazonaws.com")),
    ("requestParameters.items", Fix::WrapFor("dynamodb.amazonaws.com")),
];

/// Read once from the templates; some 150 fields.
pub static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::new(TEMPLATE);
    for (name, slot) in SLOT_NAMES {
        schema.record.change_at(name, &mut |field| field.slot = Some(slot as u8));
    }
    for (place, (path, _)) in FIXES.iter().enumerate() {
        schema.record.change_at(path, &mut |field| field.fix = u8::try_from(place + 1).unwrap_or(0));
    }
    schema
});

/// The fix of a field's number.
#[must_use]
pub fn fix(number: u8) -> Option<Fix> {
    FIXES.get(usize::from(number).checked_sub(1)?).map(|&(_, fix)| fix)
}
