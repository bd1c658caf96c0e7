//! What `service.action` of a finding tells: who called, connected, probed, asked or logged in.

use super::{
    facts::Walk,
    side::{Side, members},
};

impl Walk<'_> {
    /// Reads `service.action`.
    pub(super) fn action(&mut self, action: usize) {
        let [mut api, mut connection, mut probe, mut kubernetes, mut login] = [None; 5];
        for (name, value) in members(self.record, action) {
            match name {
                b"actionType" => self.facts.action_type = self.text(value),
                b"awsApiCallAction" => api = Some(value),
                b"networkConnectionAction" => connection = Some(value),
                b"portProbeAction" => probe = Some(value),
                b"kubernetesApiCallAction" => kubernetes = Some(value),
                b"rdsLoginAttemptAction" => login = Some(value),
                b"dnsRequestAction" => {
                    self.facts.dns_question = self.member(value, "domain");
                    self.facts.transport = self.member(value, "protocol");
                    self.blocked(value);
                }
                _ => {}
            }
        }
        // The order of es-loader; an action has more than one of them only where AWS made a mistake.
        if let Some(api) = api {
            self.api_call(api);
        }
        if let Some(connection) = connection {
            self.connection(connection);
        }
        if let Some(probe) = probe {
            self.probe(probe);
        }
        if let Some(kubernetes) = kubernetes {
            self.kubernetes_call(kubernetes);
        }
        if let Some(login) = login {
            self.login(login);
        }
    }

    fn blocked(&mut self, action: usize) {
        self.facts.blocked |= self.member(action, "blocked").is_some_and(|b| *b == *b"true");
    }

    /// `remoteIpDetails` of an action.
    fn remote(&mut self, action: usize, known: bool) {
        let Some(details) = self.record.member(action, "remoteIpDetails") else { return };
        for name in ["ipAddressV4", "ipAddressV6"] {
            let address = self.member(details, name);
            self.ip(address, known);
        }
        self.facts.remote.or(Side::of_remote(self.record, details));
    }

    fn api_call(&mut self, api: usize) {
        self.facts.called = self.member(api, "api");
        self.facts.error_code = self.member(api, "errorCode");
        self.facts.user_agent = self.member(api, "userAgent");
        self.remote(api, true);
        let domain = self.record.path(api, &["domainDetails", "domain"]);
        self.facts.remote.domain = domain.and_then(|d| self.text(d));
    }

    fn connection(&mut self, connection: usize) {
        self.facts.direction = self.member(connection, "connectionDirection");
        self.facts.transport = self.member(connection, "protocol");
        self.blocked(connection);
        self.remote(connection, true);
        let port = self.record.path(connection, &["remotePortDetails", "port"]);
        let port = port.and_then(|p| self.text(p));
        self.facts.remote.on(port);
        self.local(connection, true);
    }

    /// `localIpDetails` and `localPortDetails`; es-loader lists the IPv4 address of a connection.
    fn local(&mut self, action: usize, known: bool) {
        if let Some(details) = self.record.member(action, "localIpDetails") {
            for (name, known) in [("ipAddressV4", known), ("ipAddressV6", false)] {
                let address = self.member(details, name);
                self.ip(address.clone(), known);
                self.facts.local.at(address);
            }
        }
        let port = self.record.path(action, &["localPortDetails", "port"]);
        let port = port.and_then(|p| self.text(p));
        self.facts.local.on(port);
    }

    fn probe(&mut self, probe: usize) {
        self.blocked(probe);
        let Some(details) = self.record.member(probe, "portProbeDetails") else { return };
        for (place, detail) in self.record.tape.elements(details).enumerate() {
            self.remote(detail, place == 0);
            self.local(detail, false);
        }
    }

    fn kubernetes_call(&mut self, call: usize) {
        self.remote(call, true);
        for (name, value) in members(self.record, call) {
            match name {
                b"verb" => self.facts.called = self.text(value),
                b"userAgent" => self.facts.user_agent = self.text(value),
                b"sourceIPs" | b"sourceIps" => self.each(value, |walk, address| {
                    let address = walk.text(address);
                    walk.ip(address, name == b"sourceIPs");
                }),
                _ => {}
            }
        }
    }

    fn login(&mut self, login: usize) {
        self.remote(login, false);
        let attributes =
            ["LoginAttributes", "loginAttributes"].iter().find_map(|n| self.record.member(login, n));
        if let Some(attributes) = attributes {
            self.each(attributes, |walk, attribute| {
                let user = walk.member(attribute, "user");
                walk.user(None, user);
            });
        }
    }
}
