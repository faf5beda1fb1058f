"""The week before and the day itself, as they are without an incident.

    ml-pipeline-sa      each night: two instances, a training job, results; from the NAT gateway
    autoscaling         the web tier grows in the morning and shrinks in the evening
    ci-deploy           deployments by a web identity; one new function, one new schedule
    dana.ops            at the console, from the office
    morgan (SSO admin)  users come and go, keys are renewed
    cloud-inventory     a foreign account's role that reads four regions
    config, services    the provider's own calls, some without any identity to speak of
"""

from datetime import timedelta

from . import ec2, record
from .record import ACCOUNT, english, later

OFFICE = "203.0.113.17"
BUILDER = "203.0.113.60"
SCANNER = "203.0.113.80"
CLI = "aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux md/arch#x86_64 lang/python#3.11.8"


class Ordinary:
    """Writes ordinary calls into a trail, day by day."""

    def __init__(self, plan, trail):
        self.plan = plan
        self.trail = trail
        self.ids = trail.ids
        self._rng = plan.rng("ordinary")
        thief = plan.section("thief")
        self.pipeline = record.user(thief["user"], thief["user_id"], thief["key"], thief["home"],
                                    thief["home_agent"])
        group = "sg-0123456789abcdef0"
        self.networks = {
            region: ec2.Network(region, row.vpc, plan.subnet(region), group)
            for region, row in plan.regions.items() if row.vpc}
        self.instances = []

    def write(self, days):
        """All the days."""
        for number, day in enumerate(days):
            at = self._clock(day)
            self._night(at, number)
            self._scaling(at)
            self._services(at)
            self._inventory(at)
            if at("00:00:00").weekday() < 5:
                self._console(at)
                self._deploy(at, number)
                self._administer(at, number)

    def _clock(self, day):
        """Times of a day, a few minutes around."""
        shift = self._rng.randrange(-240, 240)
        return lambda text, seconds=0: record.moment(day, text) + timedelta(seconds=shift + seconds)

    # --- instances ----------------------------------------------------------------------------

    def _run(self, when, who, region, kind, addresses, tags=()):
        """RunInstances that succeeds; returns the ids."""
        network, token = self.networks[region], self.ids.guid()
        reservation = self.ids.hex("r")
        made = [ec2.Instance(self.ids.hex("i"), self.ids.hex("eni"), address, kind, network, when,
                             token, reservation, tags=tags) for address in addresses]
        self.trail.call(later(when, 1), who, "ec2:RunInstances", region,
                        ec2.run_request(network, kind, len(made), token),
                        ec2.run_response(self.ids, made))
        self.instances += made
        return [each.instance for each in made]

    def _end(self, when, who, region, instances):
        """TerminateInstances."""
        self.trail.call(when, who, "ec2:TerminateInstances", region,
                        ec2.terminate_request(instances),
                        ec2.terminate_response(self.ids, instances))

    def _night(self, at, number):
        """The pipeline: the same every night, on two kinds of machines without a GPU. One of them
        has the address that a miner has later."""
        who, call = self.pipeline, self.trail.call
        job = f"churn-model-{number + 211}"
        call(at("02:00:00"), who, "sts:GetCallerIdentity", "us-east-1")
        call(at("02:00:04"), who, "s3:ListBuckets", "us-east-1")
        call(at("02:00:09"), who, "s3:GetBucketLocation", "us-east-1",
             {"bucketName": "stratos-analytics-features", "location": ""})
        call(at("02:00:30"), who, "ec2:DescribeInstances", "us-east-1",
             {"instancesSet": {}, "filterSet": {"items": [
                 {"name": "tag:pipeline", "valueSet": {"items": [{"value": "churn"}]}}]}})
        tags = (("Name", "feature-build"), ("pipeline", "churn"))
        names = self._run(at("02:05:00"), who, "us-east-1", "m5.xlarge", ["10.0.1.23"], tags)
        names += self._run(at("02:06:00"), who, "us-east-1", "c5.2xlarge", ["10.0.1.211"], tags)
        call(at("02:08:00"), who, "ec2:DescribeInstances", "us-east-1",
             {"instancesSet": {"items": [{"instanceId": each} for each in names]},
              "filterSet": {}})
        call(at("02:40:00"), who, "sagemaker:CreateTrainingJob", "us-east-1",
             {"trainingJobName": job, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/sagemaker-train",
              "resourceConfig": {"instanceType": "ml.g4dn.xlarge", "instanceCount": 1,
                                 "volumeSizeInGB": 50},
              "stoppingCondition": {"maxRuntimeInSeconds": 3600}},
             {"trainingJobArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{job}"})
        call(at("03:05:00"), who, "sagemaker:DescribeTrainingJob", "us-east-1",
             {"trainingJobName": job})
        self._end(at("03:10:00"), who, "us-east-1", names)
        call(at("13:00:00"), who, "sagemaker:ListTrainingJobs", "us-west-2", {"maxResults": 10})
        call(at("13:00:10"), who, "ec2:DescribeInstances", "us-west-2",
             {"instancesSet": {}, "filterSet": {}})

    def _scaling(self, at):
        """The web tier: launched by a service in the name of its own role."""
        name, service = "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com"
        who = record.role(name, "AROAEXAMPLESCALING01", "AutoScaling", self.ids.key(), service,
                          service, at("07:59:00"), service)
        for region in self.networks:
            names = self._run(at("08:00:00"), who, region, "m5.large",
                              ["10.0.2.31", "10.0.2.32"], (("Name", "web"),))
            self._end(at("20:00:00"), who, region, names)

    # --- services -----------------------------------------------------------------------------

    def _services(self, at):
        """The provider's own calls."""
        config, call = "config.amazonaws.com", self.trail.call
        key = self.ids.key()
        call(at("05:00:00"), record.service_caller(config), "sts:AssumeRole", "us-east-1",
             {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{config}/"
              "AWSServiceRoleForConfig", "roleSessionName": "AWSConfig-Describe"},
             {"credentials": {"accessKeyId": key, "sessionToken": "",
                              "expiration": english(at("06:00:00"))}})
        who = record.role("AWSServiceRoleForConfig", "AROAEXAMPLECONFIG001",
                          "AWSConfig-Describe", key, config, config, at("05:00:00"), config)
        for region in self.networks:
            for name in ("DescribeInstances", "DescribeVpcs"):
                call(at("05:00:10"), who, f"ec2:{name}", region, {"filterSet": {}})
        untyped = record.Caller({"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
                                "AWS Internal", "AWS Internal")
        call(at("06:30:00"), untyped, "kms:GenerateDataKey", "us-east-1",
             {"keySpec": "AES_256", "encryptionContext": {}}, readOnly=True)
        call(at("11:00:00"), record.service_caller("cloudtrail.amazonaws.com"), "s3:GetBucketAcl",
             "us-east-1", {"bucketName": "stratos-analytics-trail"})

    def _inventory(self, at):
        """A role for a foreign account reads some regions each morning."""
        key = self.ids.key()
        foreign = record.Caller({"type": "AWSAccount", "principalId": "AIDAEXAMPLEFOREIGN001",
                                 "accountId": "444455556666"}, SCANNER, CLI)
        self.trail.call(at("06:00:00"), foreign, "sts:AssumeRole", "us-east-1",
                        {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/cloud-inventory",
                         "roleSessionName": "inventory", "externalId": "stratos"},
                        {"credentials": {"accessKeyId": key, "sessionToken": "",
                                         "expiration": english(at("07:00:00"))}},
                        sharedEventID=self.ids.guid())
        who = record.role("cloud-inventory", "AROAEXAMPLEINVENTORY", "inventory", key, SCANNER,
                          CLI, at("06:00:00"))
        for number, region in enumerate(("us-east-1", "us-west-2", "us-east-2", "eu-west-1")):
            self.trail.call(at("06:00:10", number), who, "ec2:DescribeInstances", region,
                            {"maxResults": 1000, "instancesSet": {}, "filterSet": {}})

    # --- people -------------------------------------------------------------------------------

    def _console(self, at):
        """Someone at the console: a login, a look, a tag."""
        day = self.ids.key()
        who = record.console_user("dana.ops", "AIDAEXAMPLEDANAOPS01", day, OFFICE, at("09:00:00"))
        login = record.Caller({**who.identity}, OFFICE, "Mozilla/5.0 (X11; Linux x86_64)")
        login.identity.pop("sessionContext")
        login.identity["accessKeyId"] = ""
        self.trail.call(at("09:00:00"), login, "signin:ConsoleLogin", "us-east-1", None,
                        {"ConsoleLogin": "Success"}, eventType="AwsConsoleSignIn",
                        additionalEventData={"MFAUsed": "Yes", "MobileVersion": "No",
                                             "LoginTo": "https://console.aws.amazon.com/"})
        for number, (region, name) in enumerate((
                ("us-east-1", "DescribeInstances"), ("us-east-1", "DescribeVolumes"),
                ("us-west-2", "DescribeInstances"), ("us-east-1", "DescribeSecurityGroups"))):
            self.trail.call(at("09:02:00", 40 * number), who, f"ec2:{name}", region,
                            {"filterSet": {}})
        self.trail.call(at("09:20:00"), who, "ec2:CreateTags", "us-east-1",
                        {"resourcesSet": {"items": [{"resourceId": "i-0feedfacecafe0001"}]},
                         "tagSet": {"items": [{"key": "owner", "value": "web <team>"}]}},
                        {"requestId": self.ids.guid(), "_return": True})
        self.trail.call(at("14:10:00"), who, "s3:GetBucketLocation", "us-east-1",
                        {"bucketName": "stratos-analytics-reports"},
                        error=("AccessDenied", "Access Denied"))

    def _deploy(self, at, number):
        """A build deploys; once, something new with a schedule."""
        key = self.ids.key()
        web = record.Caller({"type": "WebIdentityUser",
                             "principalId": "token.example.net:builder:repo:stratos/churn",
                             "userName": "repo:stratos/churn",
                             "identityProvider": "token.example.net"}, BUILDER, CLI)
        self.trail.call(at("15:00:00"), web, "sts:AssumeRoleWithWebIdentity", "us-east-1",
                        {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/ci-deploy",
                         "roleSessionName": f"build-{4410 + number}"},
                        {"credentials": {"accessKeyId": key, "sessionToken": "",
                                         "expiration": english(at("16:00:00"))}})
        who = record.role("ci-deploy", "AROAEXAMPLECIDEPLOY1", f"build-{4410 + number}", key,
                          BUILDER, CLI, at("15:00:00"))
        name = "report-mailer"
        arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
        role = f"arn:aws:iam::{ACCOUNT}:role/lambda-exec"
        verb = "CreateFunction20150331" if number == 4 else "UpdateFunctionCode20150331v2"
        self.trail.call(at("15:00:20"), who, f"lambda:{verb}", "us-east-1",
                        {"functionName": name, "publish": True},
                        {"functionName": name, "functionArn": arn, "runtime": "python3.12",
                         "role": role, "version": str(number), "state": "Active"})
        if number == 4:
            self.trail.call(at("15:00:40"), who, "events:PutRule", "us-east-1",
                            {"name": "report-mailer-daily", "scheduleExpression": "rate(1 day)",
                             "state": "ENABLED"},
                            {"ruleArn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/"
                             "report-mailer-daily"})
        self.trail.call(at("15:01:00"), who, "cloudformation:DescribeStacks", "us-east-1",
                        {"stackName": "churn-web"})

    def _administer(self, at, number):
        """The administrator renews a key on the first day, and adds a user who may read."""
        if number not in (0, 5):
            return
        key = self.ids.key()
        name = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
        who = record.role(name, "AROAEXAMPLESSOADMIN1", "morgan", key, OFFICE, CLI,
                          at("10:00:00"))
        person = "report-bot" if number == 5 else "metrics-bot"
        user = {"path": "/", "userName": person, "userId": f"AIDAEXAMPLEBOT{number:07d}",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/{person}"}
        call = self.trail.call
        call(at("10:10:00"), who, "iam:CreateUser", "us-east-1", {"userName": person},
             {"user": {**user, "createDate": english(at("10:10:00"))}})
        call(at("10:10:20"), who, "iam:AttachUserPolicy", "us-east-1",
             {"userName": person, "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})
        call(at("10:10:40"), who, "iam:CreateAccessKey", "us-east-1", {"userName": person},
             {"accessKey": {"accessKeyId": self.ids.key("AKIA"), "status": "Active",
                            "userName": person, "createDate": english(at("10:10:40"))}})
