//! The catalogue of findings: one row a type or a few that look alike.
//!
//! Types and severities are those of the user guide's table of active findings
//! (<https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html>). Weights are parts
//! of 1,000 and follow what an estate sees: probes and domains every day, attack sequences hardly ever.

use super::{resource::*, service::*};

/// One row of the catalogue; its texts are templates ([`crate::template`]).
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What findings of one source and shape have in common; fixtures have one object a family.
    pub family: &'static str,
    /// Share of all findings, in parts of 1,000.
    pub weight: u64,
    /// `type`.
    pub kind: &'static str,
    /// `severity`: 1.0 to 10.0.
    pub severity: &'static str,
    /// `service.resourceRole`.
    pub role: &'static str,
    /// `resource.resourceType`.
    pub resource_type: &'static str,
    /// The other members of `resource`, one text each.
    pub resource: &'static [&'static str],
    /// Members of `service` before `resourceRole`, joined.
    pub action: &'static [&'static str],
    /// `service.additionalInfo`.
    pub info: &'static str,
    /// Members of `service` behind `additionalInfo`, each with a comma behind it.
    pub detail: &'static [&'static str],
    /// `service.featureName`, if any.
    pub feature: &'static str,
}

const ANY: Kind = Kind {
    family: "",
    weight: 10,
    kind: "",
    severity: "8.0",
    role: "TARGET",
    resource_type: "Instance",
    resource: &[INSTANCE],
    action: &[],
    info: NO_INFO,
    detail: &[],
    feature: "",
};
const IAM: Kind = Kind {
    family: "iam",
    resource_type: "AccessKey",
    resource: &[ACCESS_KEY],
    action: &[API_OPEN, REMOTE, API_CLOSE],
    ..ANY
};
const S3: Kind = Kind { family: "s3", resource_type: "S3Bucket", resource: &[BUCKET, ACCESS_KEY], ..IAM };
const EKS_AUDIT: Kind = Kind {
    family: "eksAudit",
    resource_type: "EKSCluster",
    resource: &[EKS, KUBERNETES_USER],
    action: &[KUBERNETES_OPEN, REMOTE, CLOSE],
    feature: "EksAuditLogs",
    ..ANY
};
const RUNTIME: Kind =
    Kind { family: "runtime", info: RUNTIME_INFO, feature: "RuntimeMonitoring", role: "ACTOR", ..ANY };
const SCAN: Kind = Kind {
    family: "ec2Malware",
    resource: &[INSTANCE, VOLUMES],
    info: SCAN_INFO,
    detail: &[VOLUME_SCAN],
    feature: "EbsVolumeScan",
    ..ANY
};
const BACKUP: Kind = Kind {
    family: "backupMalware",
    weight: 2,
    info: SCAN_INFO,
    detail: &[BACKUP_SCAN],
    feature: "MalwareProtectionForBackup",
    ..ANY
};
const LOGIN: Kind = Kind {
    family: "rdsLogin",
    resource_type: "RDSDBInstance",
    resource: &[DATABASE],
    action: &[LOGIN_OPEN, REMOTE, LOGIN_CLOSE],
    feature: "RdsLoginEvents",
    ..ANY
};
const SEQUENCE_KIND: Kind = Kind {
    family: "attackSequence",
    weight: 1,
    severity: "9.0",
    resource_type: "AttackSequence",
    resource: &[],
    detail: &[SEQUENCE],
    feature: "Correlation",
    ..ANY
};

/// All rows, family by family.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    Kind { family: "portProbe", weight: 90, kind: "Recon:EC2/PortProbeUnprotectedPort", severity: "2.0", action: &[PROBE_OPEN, REMOTE, PROBE_CLOSE], detail: &[INTEL], ..ANY },
    Kind { family: "portProbe", weight: 30, kind: "Recon:EC2/PortProbeEMRUnprotectedPort", action: &[PROBE_OPEN, REMOTE, PROBE_NEXT, REMOTE_V6, PROBE_CLOSE], info: LIST_INFO, ..ANY },
    Kind { family: "inbound", weight: 80, kind: "UnauthorizedAccess:EC2/SSHBruteForce", severity: "2.0", action: &[CONNECTION_IN, REMOTE, CLOSE], ..ANY },
    Kind { family: "inbound", weight: 40, kind: "UnauthorizedAccess:EC2/RDPBruteForce", severity: "2.0", action: &[CONNECTION_IN, REMOTE, CLOSE], ..ANY },
    Kind { family: "inbound", weight: 6, kind: "Impact:EC2/WinRMBruteForce", action: &[CONNECTION_IN, REMOTE, CLOSE], ..ANY },
    Kind { family: "outbound", weight: 24, kind: "Backdoor:EC2/C&CActivity.B", role: "ACTOR", action: &[CONNECTION_OUT, REMOTE, CLOSE], detail: &[INTEL], ..ANY },
    Kind { family: "outbound", weight: 20, kind: "CryptoCurrency:EC2/BitcoinTool.B", role: "ACTOR", action: &[CONNECTION_OUT, REMOTE, CLOSE], detail: &[INTEL], ..ANY },
    Kind { family: "outbound", weight: 12, kind: "UnauthorizedAccess:EC2/TorClient", role: "ACTOR", action: &[CONNECTION_OUT_V6, REMOTE_V6, CLOSE], ..ANY },
    Kind { family: "outbound", weight: 16, kind: "Behavior:EC2/TrafficVolumeUnusual", severity: "5.0", role: "ACTOR", action: &[CONNECTION_OUT, REMOTE, CLOSE], info: PORT_INFO, ..ANY },
    Kind { family: "outbound", weight: 10, kind: "Behavior:EC2/NetworkPortUnusual", severity: "5.0", role: "ACTOR", action: &[CONNECTION_UNKNOWN, REMOTE, CLOSE], info: PORT_INFO, ..ANY },
    Kind { family: "dns", weight: 40, kind: "Backdoor:EC2/C&CActivity.B!DNS", role: "ACTOR", action: &[DNS], detail: &[INTEL], ..ANY },
    Kind { family: "dns", weight: 36, kind: "CryptoCurrency:EC2/BitcoinTool.B!DNS", role: "ACTOR", action: &[DNS], detail: &[INTEL], ..ANY },
    Kind { family: "dns", weight: 30, kind: "Trojan:EC2/DNSDataExfiltration", role: "ACTOR", action: &[DNS], ..ANY },
    Kind { family: "dns", weight: 40, kind: "Impact:EC2/SuspiciousDomainRequest.Reputation", severity: "2.0", role: "ACTOR", action: &[DNS], ..ANY },
    Kind { weight: 60, kind: "Policy:IAMUser/RootCredentialUsage", severity: "2.0", resource: &[ROOT], ..IAM },
    Kind { weight: 50, kind: "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", severity: "5.0", ..IAM },
    Kind { weight: 40, kind: "Recon:IAMUser/MaliciousIPCaller.Custom", severity: "5.0", info: LIST_INFO, detail: &[INTEL], ..IAM },
    Kind { weight: 30, kind: "Stealth:IAMUser/CloudTrailLoggingDisabled", severity: "2.0", ..IAM },
    Kind { weight: 20, kind: "Discovery:IAMUser/AnomalousBehavior", severity: "2.0", info: ANOMALY_INFO, action: &[API_OPEN, REMOTE_V6, API_CLOSE], ..IAM },
    Kind { weight: 6, kind: "Exfiltration:IAMUser/AnomalousBehavior", info: ANOMALY_INFO, ..IAM },
    Kind { weight: 10, kind: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS", resource: &[ROLE, INSTANCE], action: &[API_OPEN, REMOTE, API_ACCOUNT], ..IAM },
    Kind { weight: 30, kind: "Policy:S3/BucketBlockPublicAccessDisabled", severity: "2.0", ..S3 },
    Kind { weight: 6, kind: "Policy:S3/BucketAnonymousAccessGranted", action: &[API_DOMAIN], ..S3 },
    Kind { weight: 24, kind: "Exfiltration:S3/AnomalousBehavior", info: ANOMALY_INFO, ..S3 },
    Kind { weight: 20, kind: "Discovery:S3/TorIPCaller", severity: "5.0", action: &[API_OPEN, REMOTE_V6, API_CLOSE], ..S3 },
    Kind { family: "s3Malware", weight: 8, kind: "Object:S3/MaliciousFile", resource_type: "S3Object", resource: &[OBJECT], info: SCAN_INFO, detail: &[OBJECT_SCAN], feature: "S3MalwareProtection", ..ANY },
    Kind { weight: 12, kind: "Execution:EC2/MaliciousFile", ..SCAN },
    Kind { weight: 3, kind: "Execution:Kubernetes/MaliciousFile", resource_type: "EKSCluster", resource: &[EKS, KUBERNETES_WORKLOAD, VOLUMES], ..SCAN },
    Kind { weight: 3, kind: "Execution:ECS/SuspiciousFile", severity: "5.0", resource_type: "ECSCluster", resource: &[ECS, VOLUMES], ..SCAN },
    Kind { weight: 2, kind: "Execution:Container/MaliciousFile", resource_type: "Container", resource: &[CONTAINER, INSTANCE, VOLUMES], ..SCAN },
    Kind { kind: "Execution:EC2/MaliciousFile!Snapshot", resource_type: "EBSSnapshot", resource: &[SNAPSHOT], ..BACKUP },
    Kind { kind: "Execution:EC2/MaliciousFile!AMI", resource_type: "EC2Image", resource: &[IMAGE], ..BACKUP },
    Kind { kind: "Execution:EC2/MaliciousFile!RecoveryPoint", resource_type: "EBSRecoveryPoint", resource: &[RECOVERY_POINT], ..BACKUP },
    Kind { kind: "Execution:S3/MaliciousFile!RecoveryPoint", severity: "5.0", resource_type: "S3RecoveryPoint", resource: &[RECOVERY_POINT], ..BACKUP },
    Kind { weight: 16, kind: "Discovery:Kubernetes/SuccessfulAnonymousAccess", severity: "5.0", ..EKS_AUDIT },
    Kind { weight: 12, kind: "CredentialAccess:Kubernetes/MaliciousIPCaller", detail: &[INTEL], ..EKS_AUDIT },
    Kind { weight: 10, kind: "Execution:Kubernetes/ExecInKubeSystemPod", severity: "5.0", action: &[KUBERNETES_OPEN, REMOTE_V6, CLOSE], ..EKS_AUDIT },
    Kind { weight: 6, kind: "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked", severity: "2.0", action: &[KUBERNETES_PERMISSION, REMOTE, CLOSE], ..EKS_AUDIT },
    Kind { weight: 6, kind: "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated", severity: "5.0", action: &[KUBERNETES_BINDING, REMOTE, CLOSE], ..EKS_AUDIT },
    Kind { weight: 6, kind: "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleCreated", severity: "2.0", action: &[KUBERNETES_ROLE, REMOTE, CLOSE], ..EKS_AUDIT },
    Kind { weight: 6, kind: "Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount", resource: &[EKS, KUBERNETES_WORKLOAD], ..EKS_AUDIT },
    Kind { weight: 12, kind: "Execution:Runtime/ReverseShell", action: &[CONNECTION_OUT, REMOTE, CLOSE], detail: &[PROCESS, CONTEXT_SHELL], ..RUNTIME },
    Kind { weight: 10, kind: "Execution:Runtime/NewBinaryExecuted", severity: "5.0", resource_type: "EKSCluster", resource: &[EKS, KUBERNETES_WORKLOAD, INSTANCE], detail: &[PROCESS, CONTEXT_NONE], ..RUNTIME },
    Kind { weight: 10, kind: "DefenseEvasion:Runtime/ProcessInjection.Ptrace", severity: "5.0", detail: &[PROCESS, CONTEXT_INJECT], ..RUNTIME },
    Kind { weight: 4, kind: "PrivilegeEscalation:Runtime/RuncContainerEscape", resource_type: "EKSCluster", resource: &[EKS, KUBERNETES_WORKLOAD], detail: &[PROCESS, CONTEXT_ESCAPE], ..RUNTIME },
    Kind { weight: 12, kind: "CryptoCurrency:Runtime/BitcoinTool.B!DNS", resource_type: "ECSCluster", resource: &[ECS], action: &[DNS], detail: &[PROCESS, CONTEXT_NONE], ..RUNTIME },
    Kind { weight: 10, kind: "CredentialAccess:RDS/AnomalousBehavior.SuccessfulLogin", severity: "<pick:5.0|8.0>", info: ANOMALY_INFO, ..LOGIN },
    Kind { weight: 14, kind: "CredentialAccess:RDS/AnomalousBehavior.FailedLogin", severity: "2.0", ..LOGIN },
    Kind { weight: 4, kind: "CredentialAccess:RDS/TorIPCaller.SuccessfulLogin", resource_type: "RDSLimitlessDB", resource: &[LIMITLESS], action: &[LOGIN_OPEN, REMOTE_V6, LOGIN_CLOSE], detail: &[INTEL], ..LOGIN },
    Kind { family: "lambda", weight: 6, kind: "Backdoor:Lambda/C&CActivity.B", resource_type: "Lambda", resource: &[LAMBDA], action: &[CONNECTION_OUT, REMOTE, CLOSE], detail: &[INTEL], feature: "LambdaNetworkLogs", role: "ACTOR", ..ANY },
    Kind { family: "lambda", weight: 4, kind: "CryptoCurrency:Lambda/BitcoinTool.B", resource_type: "Lambda", resource: &[LAMBDA], action: &[CONNECTION_OUT_V6, REMOTE_V6, CLOSE], feature: "LambdaNetworkLogs", role: "ACTOR", ..ANY },
    Kind { family: "customRule", weight: 4, kind: "CredentialAccess:RDS/ModifyAuthenticationProcess", resource_type: "RDSDBInstance", resource: &[DATABASE], action: &[API_OPEN, REMOTE, API_CLOSE], ..ANY },
    Kind { family: "customRule", weight: 4, kind: "DefenseImpairment:EC2/DisableOrModifyTools", severity: "2.0", action: &[API_OPEN, REMOTE, API_CLOSE], ..ANY },
    Kind { kind: "AttackSequence:IAM/CompromisedCredentials", ..SEQUENCE_KIND },
    Kind { kind: "AttackSequence:S3/CompromisedData", severity: "9.5", ..SEQUENCE_KIND },
    Kind { kind: "AttackSequence:EKS/CompromisedCluster", ..SEQUENCE_KIND },
    Kind { kind: "AttackSequence:ECS/CompromisedCluster", ..SEQUENCE_KIND },
    Kind { kind: "AttackSequence:EC2/CompromisedInstanceGroup", ..SEQUENCE_KIND },
];
