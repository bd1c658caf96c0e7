//! The catalogue of API calls: one row an action, its texts templates ([`crate::template`]).
//!
//! Weights are parts of 10,000 and follow what an organisation with some dozen services sees: service
//! roles and objects in S3 make most of the events, changes by people few.

mod access;
mod compute;
mod data;
mod operations;
mod storage;

use crate::{event::Prepared, rng::Rng};

/// What sort of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Control plane.
    Management,
    /// Data plane.
    Data,
    /// Activity at the endpoint of a VPC.
    Network,
    /// Something a service did by itself.
    Service,
    /// The console's sign-in.
    SignIn,
}

/// Who calls, where the action's own identity does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Any session.
    Anyone,
    /// A user or somebody at the console.
    Person,
}

/// One kind of record.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Share of all events, in parts of 10,000.
    pub weight: u64,
    /// `eventSource` without its domain.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// Sort of event.
    pub kind: Kind,
    /// Principals that do this.
    pub who: Who,
    /// `readOnly`.
    pub read_only: bool,
    /// Logged in us-east-1 whatever the region.
    pub global: bool,
    /// `userIdentity`, where it is not a session's.
    pub identity: &'static str,
    /// `sourceIPAddress`, where it is not a session's.
    pub address: &'static str,
    /// `userAgent`, where it is not a session's.
    pub agent: &'static str,
    /// `requestParameters`, one of them; null where there is none.
    pub requests: &'static [&'static str],
    /// `responseElements`, one of them; null where there is none or an error.
    pub responses: &'static [&'static str],
    /// `additionalEventData`; left out where empty.
    pub extra: &'static str,
    /// `resources`; left out where empty.
    pub resources: &'static str,
    /// `serviceEventDetails`; left out where empty.
    pub details: &'static str,
    /// `apiVersion`; left out where empty.
    pub api_version: &'static str,
    /// Errors: in how many of a thousand, code, message.
    pub errors: &'static [(u64, &'static str, &'static str)],
    /// In how many of a thousand a `sharedEventID` says that another account has the event too.
    pub shared: u64,
    /// In how many of a thousand `tlsDetails` are known although the caller's are not.
    pub tls: u64,
}

impl Kind {
    /// `eventType`.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Management | Self::Data => "AwsApiCall",
            Self::Network => "AwsVpceEvent",
            Self::Service => "AwsServiceEvent",
            Self::SignIn => "AwsConsoleSignIn",
        }
    }

    /// `eventCategory`.
    #[must_use]
    pub fn category(self) -> &'static str {
        match self {
            Self::Management | Self::Service | Self::SignIn => "Management",
            Self::Data => "Data",
            Self::Network => "NetworkActivity",
        }
    }
}

/// A management call that only reads and answers nothing.
const READ: Action = Action {
    weight: 0,
    source: "",
    name: "",
    kind: Kind::Management,
    who: Who::Anyone,
    read_only: true,
    global: false,
    identity: "",
    address: "",
    agent: "",
    requests: &[],
    responses: &[],
    extra: "",
    resources: "",
    details: "",
    api_version: "",
    errors: &[(20, "AccessDenied", DENIED)],
    shared: 0,
    tls: 0,
};

/// A management call that changes something.
const WRITE: Action = Action { read_only: false, ..READ };

/// What AWS says to a principal without the right.
const DENIED: &str = "User: <caller> is not authorized to perform this action on resource: \
    arn:aws:iam::<account>:role/<role> because no identity-based policy allows the action";

/// All actions with their templates compiled, drawn by weight.
#[derive(Debug)]
pub struct Catalogue {
    actions: Vec<Prepared>,
    sums: Vec<u64>,
}

impl Catalogue {
    /// The catalogue of everything CloudTrail delivers as events.
    #[must_use]
    pub fn new() -> Self {
        let tables = [
            storage::ACTIONS,
            access::STS,
            access::IAM,
            access::SIGN_IN,
            compute::EC2,
            compute::OTHER,
            data::ACTIONS,
            operations::ACTIONS,
        ];
        let (mut actions, mut sums, mut sum) = (Vec::new(), Vec::new(), 0);
        for action in tables.into_iter().flatten() {
            sum += action.weight;
            sums.push(sum);
            actions.push(Prepared::new(action));
        }
        Self { actions, sums }
    }

    /// All actions.
    #[must_use]
    pub fn all(&self) -> &[Prepared] {
        &self.actions
    }

    /// The place of one action, drawn by its weight.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let point = rng.below(self.sums.last().copied().unwrap_or(0));
        self.sums.partition_point(|sum| *sum <= point)
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}
