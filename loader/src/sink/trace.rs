//! The trace that a request belongs to, in a Lambda function.
//!
//! The AWS SDK passes the trace header on by itself, in every request to S3 and STS, when these two variables are set
//! (`aws_runtime::recursion_detection`); `lambda_runtime` sets the second for each invocation. Requests to OpenSearch get
//! the same header here.

use opensearch::http::headers::{HeaderName, HeaderValue};

/// Set by Lambda, and nowhere else.
const FUNCTION: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// The trace of the invocation that is under way.
const TRACE: &str = "_X_AMZN_TRACE_ID";

/// The header of X-Ray
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
pub(super) const NAME: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Longest trace that is passed on. Bytes; Lambda's have about 150.
const LONGEST: usize = 1024;

/// The value to pass on; none outside a function, and where Lambda gave none that a header can hold.
pub(super) fn header() -> Option<HeaderValue> {
    std::env::var_os(FUNCTION)?;
    let trace = std::env::var(TRACE).ok()?;
    (trace.len() <= LONGEST).then(|| HeaderValue::from_str(&trace).ok()).flatten()
}
