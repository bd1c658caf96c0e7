//! What `resource` of a finding names: keys, instances, buckets, clusters, databases.

use super::{
    facts::{File, Walk},
    side::{Text, members},
};
use crate::address::is_ip;

impl<'a> Walk<'a> {
    /// Reads `resource`.
    pub(super) fn resource(&mut self, resource: usize) {
        for (name, value) in members(self.record, resource) {
            match name {
                b"accessKeyDetails" => {
                    self.facts.user_id = self.member(value, "accessKeyId");
                    self.facts.user_name = self.member(value, "userName");
                    self.facts.users.known.extend(self.facts.user_name.clone());
                }
                b"instanceDetails" => self.instance(value),
                b"s3BucketDetails" => self.each(value, |walk, bucket| {
                    if let Some(objects) = walk.record.member(bucket, "s3ObjectDetails") {
                        walk.each(objects, |walk, object| {
                            let (path, hash) = (walk.member(object, "key"), walk.member(object, "hash"));
                            walk.file(File { path, name: None, hash });
                        });
                    }
                }),
                b"kubernetesDetails" => self.kubernetes(value),
                b"containerDetails" => self.facts.container = Some(value),
                b"ecsClusterDetails" => {
                    let first = self.record.path(value, &["taskDetails", "containers", "0"]);
                    self.facts.container = self.facts.container.or(first);
                }
                b"rdsDbUserDetails" => {
                    let user = self.member(value, "user");
                    self.user(None, user);
                }
                b"rdsDbInstanceDetails" => {
                    self.facts.hosts.extend(self.member(value, "dbInstanceIdentifier"));
                }
                _ => {}
            }
        }
    }

    fn instance(&mut self, details: usize) {
        self.facts.instance = self.member(details, "instanceId");
        self.facts.hosts.extend(self.facts.instance.clone());
        let Some(interfaces) = self.record.member(details, "networkInterfaces") else { return };
        for (place, interface) in self.record.tape.elements(interfaces).enumerate() {
            self.interface(interface, place == 0);
        }
    }

    /// A network interface; es-loader knows the first.
    pub(super) fn interface(&mut self, interface: usize, first: bool) {
        for (name, value) in members(self.record, interface) {
            match name {
                b"privateIpAddress" | b"publicIp" => {
                    let address = self.text(value);
                    self.ip(address.clone(), first);
                    let ip = address.clone().filter(|a| is_ip(a));
                    self.facts.host_ips.extend(ip.clone());
                    if first && name == b"publicIp" {
                        self.facts.local.nat_ip = ip;
                    } else if first {
                        self.facts.local.at(address);
                    }
                }
                b"privateIpAddresses" => self.each(value, |walk, address| {
                    let address = walk.member(address, "privateIpAddress");
                    walk.host_ip(address);
                }),
                b"ipv6Addresses" => self.each(value, |walk, address| {
                    let address = walk.text(address);
                    walk.host_ip(address);
                }),
                b"privateDnsName" | b"publicDnsName" => {
                    let host = self.text(value);
                    self.facts.hosts.extend(host.clone());
                    if first && name == b"privateDnsName" {
                        self.facts.host_name = host;
                    }
                }
                _ => {}
            }
        }
    }

    /// An address of the resource that es-loader does not know.
    fn host_ip(&mut self, address: Option<Text<'a>>) {
        self.ip(address.clone(), false);
        self.facts.host_ips.extend(address.filter(|a| is_ip(a)));
    }

    fn kubernetes(&mut self, details: usize) {
        if let Some(user) = self.record.member(details, "kubernetesUserDetails") {
            let name = self.member(user, "username");
            self.user(None, name);
            if let Some(other) = self.record.path(user, &["impersonatedUser", "username"]) {
                self.facts.users.more.extend(self.text(other));
            }
        }
        let first = self.record.path(details, &["kubernetesWorkloadDetails", "containers", "0"]);
        self.facts.container = self.facts.container.or(first);
    }
}
