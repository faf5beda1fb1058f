"""Findings of the provider's own detector: native, and as Security Hub passes them on."""

from .record import ACCOUNT, stamp

DETECTOR = "d4b040365221be2b54a6264dc9a4bc64"


def _arn(region, name):
    return f"arn:aws:guardduty:{region}:{ACCOUNT}:detector/{DETECTOR}/finding/{name}"


def fraction(when):
    """A time with milliseconds."""
    return stamp(when).replace("Z", ".000Z")


def bitcoin_tool(each, pool, ports, first, last, when):
    """The native finding: an instance talks to a listed address."""
    name, (host, service) = "46ba0ac2845071e23ccdeb2ae03bfdea", pool
    network = each.network
    interface = {
        "networkInterfaceId": each.interface, "privateIpAddress": each.address,
        "privateDnsName": each.dns,
        "privateIpAddresses": [{"privateDnsName": each.dns, "privateIpAddress": each.address}],
        "subnetId": network.subnet, "vpcId": network.vpc, "publicIp": None, "publicDnsName": "",
        "ipv6Addresses": [],
        "securityGroups": [{"groupName": "default-ssh", "groupId": network.group}]}
    return {
        "schemaVersion": "2.0", "accountId": ACCOUNT, "region": network.region, "partition": "aws",
        "id": name, "arn": _arn(network.region, name), "type": "CryptoCurrency:EC2/BitcoinTool.B",
        "resource": {"resourceType": "Instance", "instanceDetails": {
            "instanceId": each.instance, "instanceType": each.kind,
            "launchTime": fraction(each.launch), "platform": None, "productCodes": [],
            "iamInstanceProfile": None, "networkInterfaces": [interface], "tags": [],
            "instanceState": "running", "availabilityZone": network.region + "a",
            "imageId": "ami-0123456789abcdef0"}},
        "service": {
            "serviceName": "guardduty", "detectorId": DETECTOR,
            "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
                "connectionDirection": "OUTBOUND", "protocol": "TCP", "blocked": False,
                "localIpDetails": {"ipAddressV4": each.address},
                "localPortDetails": {"port": ports, "portName": "Unknown"},
                "remoteIpDetails": {
                    "ipAddressV4": host, "country": {"countryName": ""}, "city": {"cityName": ""},
                    "geoLocation": {"lat": 0, "lon": 0},
                    "organization": {"asn": "0", "asnOrg": "", "isp": "", "org": ""}},
                "remotePortDetails": {"port": service, "portName": "Unknown"}}},
            "resourceRole": "TARGET",
            "additionalInfo": {"threatListName": "ProofPoint", "value": "{}", "type": "default"},
            "evidence": {"threatIntelligenceDetails": [
                {"threatListName": "ProofPoint", "threatNames": []}]},
            "eventFirstSeen": fraction(first), "eventLastSeen": fraction(last), "archived": False,
            "count": 3},
        "severity": 8, "createdAt": fraction(when), "updatedAt": fraction(when),
        "title": "Bitcoin-related IP address communicated with by EC2 instance "
                 f"{each.instance}.",
        "description": f"EC2 instance {each.instance} is communicating with an IP address "
                       "associated with Bitcoin-related activity."}


def stolen_key(thief, first, when):
    """The finding about the key, in the form of Security Hub."""
    name = "1ab92989eaf0e742df4a014d5171f2c1"
    kind = "UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.OutsideAWS"
    return {"Findings": [{
        "SchemaVersion": "2018-10-08", "Id": _arn("us-east-1", name),
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty",
        "ProductName": "GuardDuty", "CompanyName": "Amazon", "Region": "us-east-1",
        "GeneratorId": f"arn:aws:guardduty:us-east-1:{ACCOUNT}:detector/{DETECTOR}",
        "AwsAccountId": ACCOUNT, "Types": [f"TTPs/{kind}"],
        "FirstObservedAt": fraction(first), "LastObservedAt": fraction(when),
        "CreatedAt": fraction(when), "UpdatedAt": fraction(when),
        "Severity": {"Product": 8, "Label": "HIGH", "Normalized": 70},
        "Title": f"Credentials of {thief['user']} were used from an external IP address.",
        "Description": f"Credentials of {thief['user']} were used from the external IP address "
                       f"{thief['address']}.",
        "ProductFields": {
            "aws/guardduty/service/action/actionType": "AWS_API_CALL",
            "aws/guardduty/service/action/awsApiCallAction/api": "RunInstances",
            "aws/guardduty/service/action/awsApiCallAction/remoteIpDetails/ipAddressV4":
                thief["address"],
            "aws/guardduty/service/count": "41",
            "aws/securityhub/ProductName": "GuardDuty"},
        "Resources": [{
            "Type": "AwsIamAccessKey", "Id": f"AWS::IAM::AccessKey:{thief['key']}",
            "Partition": "aws", "Region": "us-east-1",
            "Details": {"AwsIamAccessKey": {
                "PrincipalId": thief["user_id"], "PrincipalType": "IAMUser",
                "PrincipalName": thief["user"]}}}],
        "WorkflowState": "NEW", "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE"}]}
