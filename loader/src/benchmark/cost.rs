//! What the loader as a Lambda function would cost, from what was measured and from prices.

use clap::Args;
use serde::Serialize;

/// Prices and what is assumed; defaults as of 2026-11, us-east-1, x86, US dollars.
#[derive(Debug, Clone, Copy, Args, Serialize)]
#[command(
    next_help_heading = "Prices and assumptions of the Lambda estimate (defaults: us-east-1, x86, as of 2026-11)"
)]
pub(crate) struct Prices {
    /// A GB-second of Lambda, USD
    #[arg(long, value_name = "USD", default_value_t = 0.000_016_666_7)]
    pub(crate) price_gb_second: f64,
    /// A million invocations of Lambda, USD
    #[arg(long, value_name = "USD", default_value_t = 0.20)]
    pub(crate) price_million_invocations: f64,
    /// A million requests to SQS (standard queue), USD
    #[arg(long, value_name = "USD", default_value_t = 0.40)]
    pub(crate) price_million_sqs: f64,
    /// A thousand GETs of S3, USD
    #[arg(long, value_name = "USD", default_value_t = 0.0004)]
    pub(crate) price_thousand_gets: f64,
    /// Decoded KB of an object on average
    #[arg(long, value_name = "KB", default_value_t = 100.0)]
    pub(crate) object_kb: f64,
    /// Objects of one invocation: the batch size of the event source
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) batch: f64,
    /// Milliseconds of an invocation in which it only waits: first bytes of S3, answers of the cluster. Default: 50, and
    /// the median of a bulk request where a cluster was measured
    #[arg(long, value_name = "MS")]
    pub(crate) wait_ms: Option<f64>,
    /// Speed of one vCPU of Lambda, one core of this machine being 1
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) lambda_speed: f64,
}

/// Memory at which Lambda gives one vCPU, MB.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>.
const MB_PER_VCPU: f64 = 1769.0;

/// Milliseconds until S3 gives the first byte, where nothing else is said.
const FIRST_BYTE_MS: f64 = 50.0;

/// Memory sizes of the table, MB.
const SIZES: &[u64] = &[128, 256, 512, 1024, 1769, 3538];

/// Requests to SQS of one message (sent by S3), and of one batch (received, deleted).
const SQS_PER_MESSAGE: f64 = 1.0;
const SQS_PER_BATCH: f64 = 2.0;

/// One memory size; all figures are of 10^12 decoded bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LambdaRow {
    pub(crate) log: String,
    pub(crate) memory_mb: u64,
    pub(crate) vcpu: f64,
    /// Of one invocation.
    pub(crate) duration_ms: f64,
    pub(crate) invocations: f64,
    pub(crate) gb_seconds: f64,
    pub(crate) usd_compute: f64,
    pub(crate) usd_invocations: f64,
    pub(crate) usd_sqs: f64,
    pub(crate) usd_s3_gets: f64,
    pub(crate) usd: f64,
    /// Whether the peak that was measured, and a quarter more, is below the memory.
    pub(crate) fits: bool,
}

/// What was measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) log: String,
    /// With gzip.
    pub(super) cpu_seconds_per_gb: f64,
    pub(super) cpu_us_per_object: f64,
    pub(super) peak_memory_bytes: u64,
    /// Of a bulk request, where a cluster was measured.
    pub(super) answer_ms: Option<f64>,
}

impl Measured {
    /// All memory sizes.
    pub(super) fn rows(&self, prices: &Prices) -> Vec<LambdaRow> {
        SIZES.iter().map(|&memory| self.row(memory, prices)).collect()
    }

    fn row(&self, memory_mb: u64, prices: &Prices) -> LambdaRow {
        let memory = memory_mb as f64;
        let vcpu = memory / MB_PER_VCPU;
        let object = prices.object_kb.max(0.001) * 1e3;
        let batch = prices.batch.max(1.0);
        let objects = 1e12 / object;
        let invocations = objects / batch;
        let cpu = batch * (object / 1e9 * self.cpu_seconds_per_gb + self.cpu_us_per_object / 1e6);
        let wait = prices.wait_ms.unwrap_or(FIRST_BYTE_MS + self.answer_ms.unwrap_or(0.0)) / 1e3;
        let duration = cpu / prices.lambda_speed.max(0.01) / vcpu + wait;
        let gb_seconds = invocations * duration * memory / 1024.0;
        let usd_compute = gb_seconds * prices.price_gb_second;
        let usd_invocations = invocations / 1e6 * prices.price_million_invocations;
        let sqs = objects * SQS_PER_MESSAGE + invocations * SQS_PER_BATCH;
        let usd_sqs = sqs / 1e6 * prices.price_million_sqs;
        let usd_s3_gets = objects / 1e3 * prices.price_thousand_gets;
        LambdaRow {
            log: self.log.clone(),
            memory_mb,
            vcpu,
            duration_ms: duration * 1e3,
            invocations,
            gb_seconds,
            usd_compute,
            usd_invocations,
            usd_sqs,
            usd_s3_gets,
            usd: usd_compute + usd_invocations + usd_sqs + usd_s3_gets,
            fits: self.peak_memory_bytes as f64 * 1.25 < memory * 1_048_576.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Prices};

    #[test]
    fn the_arithmetic_of_one_terabyte_is_that_of_the_document() {
        let prices = Prices {
            price_gb_second: 0.000_016_666_7,
            price_million_invocations: 0.20,
            price_million_sqs: 0.40,
            price_thousand_gets: 0.0004,
            object_kb: 100.0,
            batch: 10.0,
            wait_ms: Some(100.0),
            lambda_speed: 1.0,
        };
        let measured = Measured {
            log: "cloudtrail".to_owned(),
            cpu_seconds_per_gb: 5.0,
            cpu_us_per_object: 100.0,
            peak_memory_bytes: 60 << 20,
            answer_ms: None,
        };
        let rows = measured.rows(&prices);
        let one = rows.iter().find(|row| row.memory_mb == 1769).unwrap();
        // 10^7 objects, 10^6 invocations of 10 × (0.5 ms + 0.1 ms) + 100 ms.
        assert!((one.invocations - 1e6).abs() < 1e-6 && (one.duration_ms - 106.0).abs() < 1e-6);
        assert!((one.gb_seconds - 1e6 * 0.106 * 1769.0 / 1024.0).abs() < 1.0);
        assert!((one.usd_sqs - 4.8).abs() < 1e-9 && (one.usd_s3_gets - 4.0).abs() < 1e-9);
        assert!(one.fits && rows.first().is_some_and(|row| row.memory_mb == 128));
    }
}
