"""The day of the incident: what the stolen key does, and what the user made with it does.

    09:36  who am I, which regions, what runs there: every region is asked
    09:42  probes and refusals; then more quota in all eight regions
    09:53  a VPC in each new region, a group open to the world in all of them
    09:58  instances, until 10:22
    10:05  a user with administrator rights, a key for it, a function, a schedule, a bucket
    10:11  the new user looks around with its own key
"""

from . import ec2, record
from .record import english, later

ADDRESSES = 250
WORLD = "0.0.0.0/0"


class Attack:
    """Writes the incident's calls into a trail, and keeps what a test must find."""

    def __init__(self, plan, trail):
        self.plan = plan
        self.trail = trail
        self.ids = trail.ids
        self._rng = plan.rng("attack")
        thief, left = plan.section("thief"), plan.section("left")
        self.thief = record.user(thief["user"], thief["user_id"], thief["key"], thief["address"],
                                 thief["agent"])
        self.left = record.user(left["user"], left["user_id"], left["key"], thief["address"],
                                thief["agent"])
        self.networks = {}
        self.instances = []
        self.created = []
        self.refused = []
        self.owner = f"arn:aws:iam::{record.ACCOUNT}:user/{thief['user']}"

    def at(self, text, seconds=0):
        """A time on the day."""
        return later(self.plan.at(text), seconds)

    def call(self, when, name, region, request=None, response=None, error=None, who=None):
        """One call of the thief, or of another."""
        made = self.trail.call(when, who or self.thief, name, region, request, response, error)
        if error:
            self.refused.append({"event_id": made["eventID"], "name": made["eventName"],
                                 "region": made["awsRegion"], "code": error[0],
                                 "time": made["eventTime"]})
        return made

    def make(self, made, kind, name):
        """Notes that this call made something."""
        self.created.append({"kind": kind, "id": name, "region": made["awsRegion"],
                             "event_id": made["eventID"], "time": made["eventTime"]})

    # --- before -----------------------------------------------------------------------------

    def look(self):
        """Who am I, and what is where: one after the other, through every region."""
        self.call(self.at("09:36:14"), "sts:GetCallerIdentity", "us-east-1")
        self.call(self.at("09:36:16"), "ec2:DescribeRegions", "us-east-1",
                  {"regionSet": {}, "allRegions": True})
        self.call(self.at("09:36:40"), "iam:ListUsers", "us-east-1",
                  error=("AccessDenied", f"User: {self.owner} is not authorized to perform: "
                         "iam:ListUsers on resource: arn:aws:iam::111122223333:user/ because no "
                         "identity-based policy allows the iam:ListUsers action"))
        when = self.at("09:37:00")
        for region in [*self.plan.regions, *self.plan.section("sweep")["regions"].split()]:
            self.call(when, "ec2:DescribeInstances", region,
                      {"maxResults": 1000, "instancesSet": {}, "filterSet": {}})
            self.call(later(when, 1), "ec2:DescribeInstanceTypeOfferings", region,
                      {"DescribeInstanceTypeOfferingsRequest": {"LocationType": "region"}})
            if region in self.plan.regions:
                quota = self.plan.regions[region].quota
                self.call(later(when, 2), "servicequotas:GetServiceQuota", region,
                          {"serviceCode": "ec2", "quotaCode": quota})
            when = later(when, 12)

    def ask_for_quota(self):
        """More vCPUs in each region: what its instances need."""
        for number, (region, row) in enumerate(self.plan.regions.items()):
            when = self.at("09:45:00", 45 * number)
            if region == "eu-west-1":
                when = self.at("09:50:00")
            group = "P" if row.quota == "L-417A185B" else "G and VT"
            name = self.ids.guid()
            quota = {
                "id": name, "serviceCode": "ec2",
                "serviceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
                "quotaCode": row.quota, "quotaName": f"Running On-Demand {group} instances",
                "desiredValue": row.count * row.cpus, "status": "PENDING",
                "created": english(when),
                "requester": '{"accountId":"%s","callerArn":"%s"}' % (record.ACCOUNT, self.owner)}
            made = self.call(when, "servicequotas:RequestServiceQuotaIncrease", region,
                             {"serviceCode": "ec2", "quotaCode": row.quota,
                              "desiredValue": row.count * row.cpus}, {"requestedQuota": quota})
            self.make(made, "quota_request", name)

    def fail(self):
        """Launches that are refused, and probes."""
        for text, entry in self.plan.section("refused").items():
            region, kind = entry.split()
            row = self.plan.regions[region]
            network = self.networks.get(region) or ec2.Network(
                region, row.vpc or "vpc-default", self.plan.subnet(region), "default")
            request = ec2.run_request(network, row.kind, 1 if kind == "dry" else row.batches[0][1],
                                      self.ids.guid(), dry=kind == "dry")
            self.call(self.at(text), "ec2:RunInstances", region, request,
                      error=ec2.REFUSALS[kind])

    # --- networks and instances ----------------------------------------------------------------

    def build_networks(self):
        """A VPC with a subnet in each region that has none of ours; a group in all of them."""
        for number, (region, row) in enumerate(self.plan.regions.items()):
            when = self.at("09:53:00", 20 * number)
            if region == "eu-west-1":
                when = self.at("09:55:00")
            vpc, subnet = row.vpc, self.plan.subnet(region)
            if not vpc:
                vpc, subnet = self._vpc(when, region), self.ids.hex("subnet")
                self._subnet(when, region, vpc, subnet)
            group = self._group(later(when, 60), region, vpc)
            self.networks[region] = ec2.Network(region, vpc, subnet, group)

    def _vpc(self, when, region):
        """CreateVpc."""
        vpc = self.ids.hex("vpc")
        block = {"cidrBlock": "10.0.0.0/16", "associationId": self.ids.hex("vpc-cidr-assoc"),
                 "cidrBlockState": {"state": "associated"}}
        made = self.call(
            when, "ec2:CreateVpc", region,
            {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default",
             "amazonProvidedIpv6CidrBlock": False},
            {"requestId": self.ids.guid(), "vpc": {
                "vpcId": vpc, "state": "pending", "ownerId": record.ACCOUNT,
                "cidrBlock": "10.0.0.0/16", "cidrBlockAssociationSet": {"items": [block]},
                "ipv6CidrBlockAssociationSet": {}, "dhcpOptionsId": self.ids.hex("dopt"),
                "instanceTenancy": "default", "tagSet": {}, "isDefault": False}})
        self.make(made, "vpc", vpc)
        return vpc

    def _subnet(self, when, region, vpc, subnet):
        """CreateSubnet, and the way to the Internet."""
        gateway = self.ids.hex("igw")
        made = self.call(
            later(when, 4), "ec2:CreateSubnet", region,
            {"vpcId": vpc, "cidrBlock": "10.0.1.0/24"},
            {"requestId": self.ids.guid(), "subnet": {
                "subnetId": subnet, "state": "available", "vpcId": vpc, "ownerId": record.ACCOUNT,
                "cidrBlock": "10.0.1.0/24", "availableIpAddressCount": 251,
                "availabilityZone": region + "a", "defaultForAz": False, "tagSet": {}}})
        self.make(made, "subnet", subnet)
        made = self.call(
            later(when, 8), "ec2:CreateInternetGateway", region, {},
            {"requestId": self.ids.guid(), "internetGateway": {
                "internetGatewayId": gateway, "ownerId": record.ACCOUNT, "attachmentSet": {},
                "tagSet": {}}})
        self.make(made, "internet_gateway", gateway)
        self.call(later(when, 10), "ec2:AttachInternetGateway", region,
                  {"internetGatewayId": gateway, "vpcId": vpc},
                  {"requestId": self.ids.guid(), "_return": True})

    def _group(self, when, region, vpc):
        """CreateSecurityGroup, and port 22 open to the world."""
        group = self.ids.hex("sg")
        made = self.call(
            when, "ec2:CreateSecurityGroup", region,
            {"groupName": "default-ssh", "groupDescription": "ssh", "vpcId": vpc},
            {"requestId": self.ids.guid(), "_return": True, "groupId": group})
        self.make(made, "security_group", group)
        permission = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {},
                      "ipRanges": {"items": [{"cidrIp": WORLD}]}, "ipv6Ranges": {},
                      "prefixListIds": {}}
        rule = {"groupOwnerId": record.ACCOUNT, "groupId": group,
                "securityGroupRuleId": self.ids.hex("sgr"), "isEgress": False,
                "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": WORLD}
        self.call(later(when, 2), "ec2:AuthorizeSecurityGroupIngress", region,
                  {"groupId": group, "ipPermissions": {"items": [permission]}},
                  {"requestId": self.ids.guid(), "_return": True,
                   "securityGroupRuleSet": {"items": [rule]}})
        return group

    def launch(self):
        """All instances. Those of the tap's region are the ones that its capture shows; those of
        the others have the same addresses again: no address names an instance by itself."""
        hosts = list(self.plan.hosts())
        for region, row in self.plan.regions.items():
            network = self.networks[region]
            if not row.batches:
                for host in hosts:
                    self._launch(network, row, host.when, [
                        (host.instance, host.interface, host.address)])
                continue
            pool = [host.address for host in hosts] + [f"10.0.1.{last}" for last in
                                                       range(190, ADDRESSES)]
            for text, count in row.batches:
                taken, pool = pool[:count], pool[count:]
                self._launch(network, row, self.at(text), [
                    (self.ids.hex("i"), self.ids.hex("eni"), address) for address in taken])

    def _launch(self, network, row, when, names):
        """One RunInstances. It is done a second or two after the launch time in its answer."""
        token, reservation = self.ids.guid(), self.ids.hex("r")
        made = [ec2.Instance(instance, interface, address, row.kind, network, when, token,
                             reservation) for instance, interface, address in names]
        answer = self.call(later(when, self._rng.randrange(0, 3)), "ec2:RunInstances",
                           network.region,
                           ec2.run_request(network, row.kind, len(made), token),
                           ec2.run_response(self.ids, made))
        self.instances += [ec2.Instance(**{**vars(each), "event": answer["eventID"]})
                           for each in made]

    # --- what stays -----------------------------------------------------------------------------

    def persist(self):
        """The user, its rights and its key; the function that runs on schedule; the bucket."""
        left = self.plan.section("left")
        self._user(left)
        self._function(left)
        made = self.call(
            self.at("10:10:33"), "s3:CreateBucket", "us-east-1",
            {"bucketName": left["bucket"], "Host": f"{left['bucket']}.s3.amazonaws.com"})
        made["additionalEventData"] = {"SignatureVersion": "SigV4",
                                       "AuthenticationMethod": "AuthHeader",
                                       "bytesTransferredIn": 0, "bytesTransferredOut": 0}
        self.make(made, "bucket", left["bucket"])

    def _user(self, left):
        name, arn = left["user"], f"arn:aws:iam::{record.ACCOUNT}:user/{left['user']}"
        when = self.at("10:05:22")
        made = self.call(when, "iam:CreateUser", "us-east-1", {"userName": name}, {"user": {
            "path": "/", "userName": name, "userId": left["user_id"], "arn": arn,
            "createDate": english(when)}})
        self.make(made, "user", name)
        made = self.call(self.at("10:05:25"), "iam:AttachUserPolicy", "us-east-1",
                         {"userName": name, "policyArn": left["policy"]})
        self.make(made, "policy", left["policy"])
        when = self.at("10:05:27")
        made = self.call(when, "iam:CreateAccessKey", "us-east-1", {"userName": name}, {
            "accessKey": {"accessKeyId": left["key"], "status": "Active", "userName": name,
                          "createDate": english(when)}})
        self.make(made, "access_key", left["key"])
        self.call(self.at("10:05:40"), "iam:CreateLoginProfile", "us-east-1", {"userName": name},
                  error=("AccessDenied", f"User: {self.owner} is not authorized to perform: "
                         f"iam:CreateLoginProfile on resource: user {name}"))

    def _function(self, left):
        name = left["function"]
        arn = f"arn:aws:lambda:us-east-1:{record.ACCOUNT}:function:{name}"
        role = f"arn:aws:iam::{record.ACCOUNT}:role/lambda-exec"
        made = self.call(
            self.at("10:08:44"), "lambda:CreateFunction20150331", "us-east-1",
            {"functionName": name, "runtime": "python3.12", "role": role,
             "handler": "lambda_function.lambda_handler", "code": {}, "timeout": 30,
             "memorySize": 128, "publish": False, "packageType": "Zip"},
            {"functionName": name, "functionArn": arn, "runtime": "python3.12", "role": role,
             "codeSize": 612, "lastModified": "2026-03-05T10:08:44.000+0000",
             "version": "$LATEST", "state": "Pending"})
        self.make(made, "function", name)
        made = self.call(
            self.at("10:09:01"), "events:PutRule", "us-east-1",
            {"name": left["rule"], "scheduleExpression": left["schedule"], "state": "ENABLED"},
            {"ruleArn": f"arn:aws:events:us-east-1:{record.ACCOUNT}:rule/{left['rule']}"})
        self.make(made, "rule", left["rule"])
        self.call(self.at("10:09:02"), "events:PutTargets", "us-east-1",
                  {"rule": left["rule"], "targets": [{"id": "1", "arn": arn}]},
                  {"failedEntryCount": 0, "failedEntries": []})
        self.call(self.at("10:09:03"), "lambda:AddPermission20150331v2", "us-east-1",
                  {"functionName": name, "statementId": "ev", "action": "lambda:InvokeFunction",
                   "principal": "events.amazonaws.com"},
                  {"statement": '{"Sid":"ev","Effect":"Allow"}'})

    def return_as_other(self):
        """The new user tries its key, and looks after the miners."""
        self.call(self.at("10:11:40"), "sts:GetCallerIdentity", "us-east-1", who=self.left)
        self.call(self.at("10:12:05"), "s3:ListBuckets", "us-east-1", who=self.left)
        self.call(self.at("10:12:31"), "lambda:GetFunction20150331v2", "us-east-1",
                  {"functionName": self.plan.section("left")["function"]}, who=self.left)
        for number, region in enumerate(self.plan.regions):
            self.call(self.at("10:31:00", 9 * number), "ec2:DescribeInstances", region,
                      {"instancesSet": {}, "filterSet": {"items": [
                          {"name": "instance-state-name",
                           "valueSet": {"items": [{"value": "running"}]}}]}}, who=self.left)

    def write(self):
        """The whole day."""
        self.look()
        self.ask_for_quota()
        self.build_networks()
        self.fail()
        self.launch()
        self.persist()
        self.return_as_other()
