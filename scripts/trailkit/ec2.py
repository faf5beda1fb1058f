"""Instances and networks as EC2 records show them, and as `describe-instances` prints them."""

from dataclasses import dataclass, field

from .record import ACCOUNT, milliseconds, stamp

IMAGE = "ami-0123456789abcdef0"
LIMIT = ("You have requested more vCPU capacity than your current vCPU limit of {limit} allows for "
         "the instance bucket that the specified instance type belongs to. Please visit "
         "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.")
REFUSALS = {
    "quota": ("Client.VcpuLimitExceeded", LIMIT.format(limit=0)),
    "capacity": ("Server.InsufficientInstanceCapacity",
                 "We currently do not have sufficient capacity in the Availability Zone you "
                 "requested. Our system will be working on provisioning additional capacity."),
    "dry": ("Client.DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.")}
CORES = {"p3.2xlarge": 4, "c5.2xlarge": 4}


@dataclass(frozen=True)
class Network:
    """Where instances are put."""

    region: str
    vpc: str
    subnet: str
    group: str


@dataclass(frozen=True)
class Instance:
    """One instance."""

    instance: str
    interface: str
    address: str
    kind: str
    network: Network
    launch: object
    token: str = ""
    reservation: str = ""
    event: str = ""
    tags: tuple = field(default=())

    @property
    def dns(self):
        """Its private name."""
        zone = "ec2.internal" if self.network.region == "us-east-1" else \
            f"{self.network.region}.compute.internal"
        return f"ip-{self.address.replace('.', '-')}.{zone}"


def run_request(network, kind, count, token, user_data=True, dry=False):
    """requestParameters of RunInstances."""
    request = {
        "instancesSet": {"items": [{"imageId": IMAGE, "minCount": count, "maxCount": count}]},
        "groupSet": {"items": [{"groupId": network.group}]}, "instanceType": kind,
        "blockDeviceMapping": {}, "monitoring": {"enabled": False}, "subnetId": network.subnet,
        "disableApiTermination": False, "disableApiStop": False, "clientToken": token}
    if user_data:
        request["userData"] = "<sensitiveDataRemoved>"
    if dry:
        request["dryRun"] = True
    return request


def _interface(ids, each, groups, when):
    """One item of networkInterfaceSet; its address list is `item`, in the singular."""
    return {
        "networkInterfaceId": each.interface, "subnetId": each.network.subnet,
        "vpcId": each.network.vpc, "ownerId": ACCOUNT, "status": "in-use",
        "macAddress": ids.mac(), "privateIpAddress": each.address,
        "privateDnsName": each.dns, "sourceDestCheck": True, "interfaceType": "interface",
        "groupSet": groups,
        "attachment": {"attachmentId": ids.hex("eni-attach"), "deviceIndex": 0,
                       "networkCardIndex": 0, "status": "attaching", "attachTime": when,
                       "deleteOnTermination": True},
        "privateIpAddressesSet": {"item": [{"privateIpAddress": each.address, "primary": True}]},
        "ipv6AddressesSet": {}, "tagSet": {}}


def _item(ids, each, index):
    """One item of instancesSet."""
    groups = {"items": [{"groupId": each.network.group}]}
    when = milliseconds(each.launch)
    item = {
        "instanceId": each.instance, "imageId": IMAGE,
        "instanceState": {"code": 0, "name": "pending"}, "privateDnsName": each.dns,
        "amiLaunchIndex": index, "productCodes": {}, "instanceType": each.kind, "launchTime": when,
        "placement": {"availabilityZone": each.network.region + "a", "tenancy": "default"},
        "monitoring": {"state": "disabled"}, "subnetId": each.network.subnet,
        "vpcId": each.network.vpc, "privateIpAddress": each.address,
        "stateReason": {"code": "pending", "message": "pending"}, "architecture": "x86_64",
        "rootDeviceType": "ebs", "rootDeviceName": "/dev/sda1", "blockDeviceMapping": {},
        "virtualizationType": "hvm", "hypervisor": "xen", "clientToken": each.token,
        "groupSet": groups, "sourceDestCheck": True,
        "networkInterfaceSet": {"items": [_interface(ids, each, groups, when)]},
        "ebsOptimized": False, "enaSupport": True,
        "cpuOptions": {"coreCount": CORES.get(each.kind, 2), "threadsPerCore": 2},
        "metadataOptions": {"state": "pending", "httpTokens": "optional",
                            "httpPutResponseHopLimit": 1, "httpEndpoint": "enabled"}}
    if each.tags:
        item["tagSet"] = {"items": [{"key": key, "value": value} for key, value in each.tags]}
    return item


def run_response(ids, instances):
    """responseElements of RunInstances."""
    return {"requestId": ids.guid(), "reservationId": instances[0].reservation,
            "ownerId": ACCOUNT, "groupSet": {},
            "instancesSet": {"items": [_item(ids, each, index)
                                       for index, each in enumerate(instances)]}}


def terminate_request(instances):
    """requestParameters of TerminateInstances."""
    return {"instancesSet": {"items": [{"instanceId": each} for each in instances]}}


def terminate_response(ids, instances):
    """responseElements of TerminateInstances."""
    states = {"currentState": {"code": 32, "name": "shutting-down"},
              "previousState": {"code": 16, "name": "running"}}
    return {"requestId": ids.guid(),
            "instancesSet": {"items": [{"instanceId": each, **states} for each in instances]}}


def _described(ids, each):
    """One instance as the command prints it: PascalCase, times with an offset."""
    launch = stamp(each.launch).replace("Z", "+00:00")
    groups = [{"GroupName": "default-ssh", "GroupId": each.network.group}]
    return {
        "AmiLaunchIndex": 0, "ImageId": IMAGE, "InstanceId": each.instance,
        "InstanceType": each.kind, "LaunchTime": launch, "Monitoring": {"State": "disabled"},
        "Placement": {"AvailabilityZone": each.network.region + "a", "GroupName": "",
                      "Tenancy": "default"},
        "PrivateDnsName": each.dns, "PrivateIpAddress": each.address, "ProductCodes": [],
        "PublicDnsName": "", "State": {"Code": 16, "Name": "running"},
        "StateTransitionReason": "", "SubnetId": each.network.subnet, "VpcId": each.network.vpc,
        "Architecture": "x86_64", "BlockDeviceMappings": [], "ClientToken": each.token,
        "EbsOptimized": False, "EnaSupport": True, "Hypervisor": "xen",
        "NetworkInterfaces": [{
            "Attachment": {"AttachTime": launch, "AttachmentId": ids.hex("eni-attach"),
                           "DeleteOnTermination": True, "DeviceIndex": 0, "Status": "attached",
                           "NetworkCardIndex": 0},
            "Description": "", "Groups": groups, "Ipv6Addresses": [], "MacAddress": ids.mac(),
            "NetworkInterfaceId": each.interface, "OwnerId": ACCOUNT,
            "PrivateDnsName": each.dns, "PrivateIpAddress": each.address,
            "PrivateIpAddresses": [{"Primary": True, "PrivateDnsName": each.dns,
                                    "PrivateIpAddress": each.address}],
            "SourceDestCheck": True, "Status": "in-use", "SubnetId": each.network.subnet,
            "VpcId": each.network.vpc, "InterfaceType": "interface"}],
        "RootDeviceName": "/dev/sda1", "RootDeviceType": "ebs", "SecurityGroups": groups,
        "SourceDestCheck": True, "VirtualizationType": "hvm",
        "Tags": [{"Key": key, "Value": value} for key, value in each.tags]}


def describe_instances(ids, instances):
    """What `aws ec2 describe-instances` prints for these instances."""
    reservations = {}
    for each in instances:
        reservations.setdefault(each.reservation, []).append(each)
    return {"Reservations": [
        {"Groups": [], "Instances": [_described(ids, each) for each in members],
         "OwnerId": ACCOUNT, "ReservationId": name}
        for name, members in reservations.items()]}


def gateway_interface(network, interface, gateway, private, public):
    """What `aws ec2 describe-network-interfaces` prints of a NAT gateway's interface."""
    return {"NetworkInterfaces": [{
        "NetworkInterfaceId": interface, "InterfaceType": "nat_gateway", "Status": "in-use",
        "OwnerId": ACCOUNT, "Description": f"Interface for NAT Gateway {gateway}",
        "AvailabilityZone": network.region + "a", "Groups": [], "Ipv6Addresses": [],
        "PrivateIpAddress": private,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": private, "Association": {
            "PublicIp": public, "AllocationId": "eipalloc-0123456789abcdef0"}}],
        "Association": {"PublicIp": public, "AllocationId": "eipalloc-0123456789abcdef0"},
        "RequesterId": "444455556666", "RequesterManaged": True, "SubnetId": network.subnet,
        "VpcId": network.vpc, "TagSet": []}]}
