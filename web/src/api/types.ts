/** The shapes of the API by the names the UI uses. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type ActorView = Schemas["ActorView"];
export type Agent = Schemas["AgentView"];
export type Blueprint = Schemas["BlueprintView"];
export type Busy = Schemas["BusyView"];
export type Cost = Schemas["CostView"];
export type Delivery = Schemas["DeliveryView"];
export type FileComment = Schemas["FileCommentView"];
export type Issue = Schemas["IssueView"];
export type Job = Schemas["JobView"];
export type Message = Schemas["MessageView"];
export type NewAgent = Schemas["NewAgent"];
export type Provider = Schemas["ProviderView"];
export type Pull = Schemas["PullView"];
export type Replica = Schemas["ReplicaView"];
export type Repo = Schemas["RepoView"];
export type Review = Schemas["PrReviewView"];
export type Run = Schemas["RunView"];
export type Sandbox = Schemas["SandboxView"];
export type SandboxSettings = Schemas["SandboxBody"];
export type Secret = Schemas["SecretView"];
export type Task = Schemas["TaskView"];
export type TaskRun = Schemas["TaskRunView"];
export type Template = Schemas["TemplateView"];
export type Ticket = Schemas["TicketView"];
export type Trigger = Schemas["TriggerView"];
export type Turn = Schemas["TurnView"];
export type Webhook = Schemas["WebhookView"];
export type { components } from "./schema";
