//! One CloudTrail record, its fields in the order in which AWS writes them.

use crate::{
    actions::{Action, Kind, Who},
    rng::Rng,
    template::{Scene, Template},
    world::{Pool, Session, World},
};

/// An [`Action`] with its templates compiled.
#[derive(Debug)]
pub struct Prepared {
    action: &'static Action,
    version: &'static str,
    identity: Template,
    address: Template,
    agent: Template,
    requests: Vec<Template>,
    responses: Vec<Template>,
    extra: Template,
    resources: Template,
    details: Template,
    errors: Vec<(u64, &'static str, Template)>,
    request_id: Template,
    event_id: Template,
    shared_id: Template,
}

/// Where and when a record is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// The account of the trail; any account of the world if none is set.
    pub account: Option<&'a str>,
    /// The region of the trail.
    pub region: &'a str,
    /// Seconds since 1970.
    pub now: u64,
}

impl Prepared {
    /// Compiles the templates of an action.
    #[must_use]
    pub fn new(action: &'static Action) -> Self {
        Self {
            action,
            version: version(action.name),
            identity: Template::new(action.identity),
            address: Template::new(action.address),
            agent: Template::new(action.agent),
            requests: action.requests.iter().copied().map(Template::new).collect(),
            responses: action.responses.iter().copied().map(Template::new).collect(),
            extra: Template::new(action.extra),
            resources: Template::new(action.resources),
            details: Template::new(action.details),
            errors: action
                .errors
                .iter()
                .map(|(chance, code, text)| (*chance, *code, Template::new(text)))
                .collect(),
            request_id: Template::new(match action.source {
                "s3" => r#","requestID":"<up:16>""#,
                "dynamodb" => r#","requestID":"<up:44>AASUAAJG""#,
                _ => r#","requestID":"<uuid>""#,
            }),
            event_id: Template::new(r#","eventID":"<uuid>""#),
            shared_id: Template::new(r#"","sharedEventID":"<uuid>"#),
        }
    }

    /// The action this was made from.
    #[must_use]
    pub fn action(&self) -> &'static Action {
        self.action
    }

    /// Writes one record.
    pub fn write(&self, out: &mut Vec<u8>, rng: &mut Rng, world: &World, place: Place<'_>) {
        let action = self.action;
        let session = self.caller(rng, world);
        let account = match place.account {
            Some(account) => account,
            None if self.identity.is_empty() || rng.chance(700) => session.account,
            None => world.account(rng),
        };
        let region = if action.global && place.account.is_none() { "us-east-1" } else { place.region };
        // A record is up to a minute older than its neighbours: CloudTrail does not sort.
        let now = place.now - if rng.chance(80) { rng.below(60) } else { 0 };
        let error = self.errors.iter().find(|(chance, ..)| rng.chance(*chance));
        let request = one(&self.requests, rng);
        let response = one(&self.responses, rng);
        let (drawn, kept) = ([None; Pool::COUNT], Default::default());
        let scene = &mut Scene { rng, world, session, account, region, now, drawn, kept };

        text(out, r#"{"eventVersion":""#);
        text(out, self.version);
        text(out, r#"","userIdentity":"#);
        if self.identity.is_empty() {
            text(out, &session.identity);
        } else {
            self.identity.write(out, scene);
        }
        text(out, r#","eventTime":""#);
        crate::clock::write_iso(out, now);
        text(out, r#"","eventSource":""#);
        text(out, action.source);
        text(out, r#".amazonaws.com","eventName":""#);
        text(out, action.name);
        text(out, r#"","awsRegion":""#);
        text(out, region);
        text(out, r#"","sourceIPAddress":""#);
        if self.address.is_empty() {
            text(out, &session.address);
        } else {
            self.address.write(out, scene);
        }
        text(out, r#"","userAgent":""#);
        self.write_agent(out, scene);
        text(out, "\"");
        if let Some((_, code, message)) = error {
            // A failed sign-in has a message and no code.
            if !code.is_empty() {
                text(out, r#","errorCode":""#);
                text(out, code);
                text(out, "\"");
            }
            text(out, r#","errorMessage":""#);
            message.write(out, scene);
            text(out, "\"");
        }
        text(out, r#","requestParameters":"#);
        written_or_null(out, request, scene);
        text(out, r#","responseElements":"#);
        written_or_null(out, response.filter(|_| error.is_none() || action.kind == Kind::SignIn), scene);
        self.write_rest(out, scene);
    }

    fn caller<'a>(&self, rng: &mut Rng, world: &'a World) -> &'a Session {
        let mut session = world.caller(rng);
        for _ in 0..40 {
            let fits = match self.action.who {
                Who::Anyone => true,
                Who::Person => session.console || session.user,
            };
            if fits {
                break;
            }
            session = world.anyone(rng);
        }
        session
    }

    fn write_agent(&self, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
        // S3 is the one service that puts brackets around a user agent.
        let s3 = self.action.source == "s3";
        if s3 {
            out.push(b'[');
        }
        if self.agent.is_empty() {
            text(out, &scene.session.agent);
        } else {
            self.agent.write(out, scene);
        }
        if s3 {
            out.push(b']');
        }
    }

    fn write_rest(&self, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
        let action = self.action;
        let own_identity = !self.identity.is_empty();
        if !self.extra.is_empty() {
            text(out, r#","additionalEventData":"#);
            self.extra.write(out, scene);
        }
        if action.kind != Kind::Service {
            self.request_id.write(out, scene);
        }
        self.event_id.write(out, scene);
        text(out, if action.read_only { r#","readOnly":true"# } else { r#","readOnly":false"# });
        if !self.resources.is_empty() {
            text(out, r#","resources":"#);
            self.resources.write(out, scene);
        }
        text(out, r#","eventType":""#);
        text(out, action.kind.event_type());
        if !action.api_version.is_empty() {
            text(out, r#"","apiVersion":""#);
            text(out, action.api_version);
        }
        let management = !matches!(action.kind, Kind::Data | Kind::Network);
        text(out, if management { r#"","managementEvent":true"# } else { r#"","managementEvent":false"# });
        text(out, r#","recipientAccountId":""#);
        text(out, scene.account);
        if scene.rng.chance(action.shared) {
            self.shared_id.write(out, scene);
        }
        if (scene.session.endpoint && !own_identity && action.kind == Kind::Data)
            || action.kind == Kind::Network
        {
            text(out, r#"","vpcEndpointId":"vpce-0f1e2d3c4b5a69788","vpcEndpointAccountId":""#);
            text(out, scene.account);
        }
        if self.details.is_empty() {
            text(out, "\"");
        } else {
            text(out, r#"","serviceEventDetails":"#);
            self.details.write(out, scene);
        }
        text(out, r#","eventCategory":""#);
        text(out, action.kind.category());
        text(out, "\"");
        let called_directly = if own_identity { action.kind == Kind::SignIn } else { scene.session.tls };
        if called_directly || scene.rng.chance(action.tls) {
            text(out, r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","#);
            text(out, r#""clientProvidedHostHeader":""#);
            text(out, action.source);
            text(out, ".");
            text(out, scene.region);
            text(out, r#".amazonaws.com"}"#);
        }
        if (scene.session.console && !own_identity) || action.kind == Kind::SignIn {
            text(out, r#","sessionCredentialFromConsole":"true""#);
        }
        text(out, "}");
    }
}

/// The version of the record's format that the service writes: one for all calls of a name. The start of
/// the hash is chosen so that 63 % of the records have 1.11, 27 % 1.10, 9 % 1.08.
fn version(name: &str) -> &'static str {
    match name.bytes().fold(399_u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte)) % 100 {
        0..=63 => "1.11",
        64..=87 => "1.10",
        88..=89 => "1.09",
        _ => "1.08",
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn one<'a>(templates: &'a [Template], rng: &mut Rng) -> Option<&'a Template> {
    templates.get(rng.below(templates.len() as u64) as usize)
}

fn written_or_null(out: &mut Vec<u8>, template: Option<&Template>, scene: &mut Scene<'_>) {
    match template {
        Some(template) => template.write(out, scene),
        None => text(out, "null"),
    }
}
