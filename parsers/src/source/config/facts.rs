//! Who and what a configuration item is about: instance, user and addresses, by the type of the resource.

use super::Item;
use crate::{
    address::is_ip,
    ecs::{Ecs, Name, Text, Value},
    json::tape::Kind,
};

/// What goes to `cloud.instance`, `user` and `related`.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    instance: Option<Text<'a>>,
    user_id: Option<Text<'a>>,
    user_name: Option<Text<'a>>,
    ips: Vec<Text<'a>>,
}

impl<'a> Facts<'a> {
    /// Reads an item.
    pub(super) fn of(item: &Item<'a>) -> Self {
        let mut facts = Self::default();
        let Some(kind) = item.text("resourceType") else { return facts };
        let id = item.text("resourceId");
        match &*kind {
            b"AWS::EC2::Instance" | b"AWS::SSM::ManagedInstanceInventory" => facts.instance = id,
            b"AWS::SSM::AssociationCompliance" | b"AWS::SSM::PatchCompliance" => {
                facts.instance = id.map(|id| target(&id).1);
            }
            b"AWS::IAM::User" | b"AWS::IAM::Role" => {
                facts.user_id = id;
                facts.user_name = item.text("resourceName");
            }
            // Whether a resource keeps the rules: TYPE/ID.
            b"AWS::Config::ResourceCompliance" => {
                let Some((kind, of)) = id.as_deref().map(target) else { return facts };
                match kind {
                    b"AWS::EC2::Instance" => facts.instance = Some(of),
                    b"AWS::IAM::User" | b"AWS::IAM::Role" => facts.user_id = Some(of),
                    _ => {}
                }
            }
            _ => {}
        }
        facts.addresses(item, &kind);
        facts.ips.retain(|ip| is_ip(ip));
        facts.ips.sort_unstable();
        facts.ips.dedup();
        facts
    }

    fn addresses(&mut self, item: &Item<'a>, kind: &[u8]) {
        if kind == b"AWS::EC2::EIP" {
            self.ips.extend(item.text("resourceName"));
        }
        let Some(top) = item.record.member(0, "configuration") else { return };
        let items =
            |path: &[&str]| item.record.path(top, path).map(|node| inside(item, node)).unwrap_or_default();
        match kind {
            b"AWS::EC2::EIP" => self.add(item, top, &["privateIpAddress"]),
            b"AWS::EC2::Instance" => {
                for interface in items(&["networkInterfaces"]) {
                    self.interface(item, interface);
                }
            }
            b"AWS::EC2::NetworkInterface" => self.interface(item, top),
            b"AWS::EC2::NatGateway" => {
                for address in items(&["natGatewayAddresses"]) {
                    self.add(item, address, &["privateIp"]);
                    self.add(item, address, &["publicIp"]);
                }
            }
            b"AWS::SSM::ManagedInstanceInventory" => {
                for network in items(&["AWS:Network", "Content"]) {
                    self.add(item, network, &["IPV4"]);
                    self.add(item, network, &["IPV6"]);
                }
            }
            _ => {}
        }
    }

    fn interface(&mut self, item: &Item<'a>, interface: usize) {
        let addresses = item.record.path(interface, &["privateIpAddresses"]);
        for address in addresses.map(|node| inside(item, node)).unwrap_or_default() {
            self.add(item, address, &["privateIpAddress"]);
            self.add(item, address, &["association", "publicIp"]);
        }
    }

    fn add(&mut self, item: &Item<'a>, node: usize, path: &[&str]) {
        self.ips.extend(item.record.path(node, path).and_then(|node| item.record.scalar(node)));
    }

    /// Sets the fields.
    pub(super) fn write(self, ecs: &mut Ecs<'a>) {
        let Self { instance, user_id, user_name, ips } = self;
        ecs.add(Name::RelatedHosts, instance.clone());
        ecs.text(Name::CloudInstanceId, instance);
        ecs.add(Name::RelatedUser, user_name.clone());
        ecs.add(Name::RelatedUser, user_id.clone());
        ecs.text(Name::UserName, user_name);
        ecs.text(Name::UserId, user_id);
        if !ips.is_empty() {
            ecs.set(Name::RelatedIp, Value::List(ips));
        }
    }
}

/// The values in a list, or those of an object: SSM writes objects whose keys are of no interest.
fn inside(item: &Item<'_>, node: usize) -> Vec<usize> {
    match item.record.kind(node) {
        Some(Kind::Array) => item.record.tape.elements(node).collect(),
        Some(Kind::Object) => item.record.tape.members(node).map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

/// What stands in front of the last slash of an id, and behind it.
fn target<'a>(id: &[u8]) -> (&[u8], Text<'a>) {
    let slash = memchr::memrchr(b'/', id);
    let kind = slash.and_then(|at| id.get(..at)).unwrap_or_default();
    let behind = slash.and_then(|at| id.get(at + 1..)).unwrap_or(id);
    (kind, behind.to_vec().into())
}
