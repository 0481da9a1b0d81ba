// Generated from docs/openapi.json by `npm run api`.

export interface paths {
    "/api/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened, without the lines of runs. */
        get: {
            parameters: {
                query?: {
                    /** @description How far back. */
                    days?: string;
                    /** @description task, workflow_run, persistent_agent, pr_review, tracker or ticket; several with commas. */
                    resourceType?: string;
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ActivityFeed"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actors/{kind}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says why an actor is or is not moving. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description agent, job, task, pr-review, pull-request, pool or tracker */
                    kind: string;
                    /** @description id, or an agent's slug, or a job's or blueprint's name, or the beginning of a task's or a review's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ActorView"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actors/{kind}/{id}/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lifts a quarantine. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description agent, job, task, pr-review, pull-request, pool or tracker */
                    kind: string;
                    /** @description id, or an agent's slug, or a job's or blueprint's name, or the beginning of a task's or a review's id */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Lifted"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/analytics/costs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What runs that ended in the last days have cost; days are those of UTC. */
        get: {
            parameters: {
                query?: {
                    /** @description How far back; today is the last of them. */
                    days?: string;
                    /** @description Only of this repository. */
                    repoUrl?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Costs"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/asks/{ask}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a question, once it is answered or timed out or the caller's patience is over. */
        get: {
            parameters: {
                query?: {
                    /** @description Milliseconds the answer may wait for news; at once where it is left out. */
                    waitMs?: number;
                };
                header?: never;
                path: {
                    /** @description askId */
                    ask: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneAsk"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cluster/pods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists sandboxes: those that work, those that rest, and those of which only files are kept. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManySandboxes"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the dead letters of all agents, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives the dead letters of all agents up for good, at most 1000 at once. Their records stay. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SettledView"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts the dead letters of all agents back into their inboxes, at most 1000 at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SettledView"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a dead letter with the turns it was given to. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    message: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeadLetter"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/{message}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives one dead letter up for good. Its record stays. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    message: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/{message}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts one dead letter back into its inbox, as if it had never been tried. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    message: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams what happens to all agents. */
        get: {
            parameters: {
                query?: {
                    /** @description The same as the header `Last-Event-ID`; `0` is from the beginning. */
                    lastEventId?: string;
                };
                header?: {
                    /** @description id of the last event seen */
                    "Last-Event-ID"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how the control plane is. Only the database decides. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hooks/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes a call of a webhook. The same delivery is one call however often it comes, by `webhook-id`,
         *     `X-GitHub-Delivery`, `X-Gitlab-Event-UUID` or `Idempotency-Key`.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description hexadecimal HMAC-SHA256 of the body; or the headers of Standard Webhooks, GitHub or GitLab */
                    "X-Optio-Signature"?: string | null;
                };
                path: {
                    /** @description the path of the trigger */
                    path: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": unknown;
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HookAccepted"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/git-credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hands out the credentials of one repository to an open run of a task or a review, for one use. The bearer is the
         *     run's `OPTIO_RUN_TOKEN`, which is worthless once the run is closed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CredentialQuestion"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GivenCredential"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the agents of the caller's workspace, itself included. */
        get: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Peers"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a peer. The turn that asks goes on and ends; the reply or the timeout comes as mail and wakes
         *     the asker. A question that would close a circle of waits is refused.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                    /** @description same key, same question */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ToAsk"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Asked"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/broadcast": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Writes to every enabled peer, or, where one inbox is full, to none: a publication to the topic of
         *     all peers.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                    /** @description same key, same message */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ToAll"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Delivered"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/inbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the caller's own inbox, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Writes to a peer. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                    /** @description same key, same message */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ToPeer"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Sent"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the topics the caller hears, by name. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Topics"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/topics/{topic}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publishes to every enabled agent that hears the topic but the caller, or, where one inbox is full,
         *     to none.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                    /** @description same key, same message */
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    topic: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ToTopic"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Delivered"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/topics/{topic}/subscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The caller hears a topic from now on. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                };
                path: {
                    topic: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Subscribed"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal/persistent-agents/topics/{topic}/unsubscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The caller hears a topic no more. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description OPTIO_AGENT_TOKEN */
                    "X-Optio-Agent-Token": string;
                };
                path: {
                    topic: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Subscribed"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/issues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the issues of all repositories, or of one, as their hosts have them now: those without a task
         *     first, and of these the ones that changed last. Of each repository at most the newest 200 are shown.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this repository. */
                    repoId?: string;
                    /** @description open, closed or all; open where it is left out. */
                    state?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyIssues"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/issues/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a task of an issue, with its comments. The issue gets the label `optio` and a comment. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["IssueOrder"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AssignedIssue"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the jobs, newest first, with what their runs came to. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyJobs"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a job. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["JobBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneJob"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts the runs of all jobs by state. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["JobStats"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a job. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneJob"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a job with its triggers, and cancels its runs. What they did stays. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a job. Runs that were started keep what they were told; what bounds them holds from now on. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["JobBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneJob"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/jobs/{job}/clone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Copies a job, disabled, with its triggers but for webhooks, whose path is theirs alone. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneJob"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the runs of a job, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: number;
                };
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyRuns"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Starts a run. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRunBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRun"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the triggers of a job, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Triggers"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a trigger to a job. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTrigger"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job}/triggers/{trigger}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a trigger of a job. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a trigger of a job; its type stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    job: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriggerPatch"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who needs a person, who works, who waits and why, and what it cost today. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OverviewView"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists agents in the order of their creation. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyAgents"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Creates an agent. Its initial prompt is its first message, so that its first turn starts at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewAgent"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneAgent"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts agents by state. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Stats"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one agent, by id or slug. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgentShown"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes an agent: its process ends, then every trace of it is removed. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes an agent, from its next turn on. The slug stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangedAgent"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneAgent"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/persistent-agents/{agent}/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks an agent. The reply, or that there was none, is read at `/api/asks/{askId}`. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description same key, same question */
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Question"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Asked"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/control": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pauses, resumes, archives or restarts an agent. An open turn is over at once, its mail goes back
         *     to the inbox, and its process is gone within five seconds.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Wanted"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Written"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists an agent's dead letters, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives an agent's dead letters up for good, at most 1000 at once. Their records stay. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SettledView"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/dead-letters/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts an agent's dead letters back into its inbox, at most 1000 at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SettledView"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/dead-letters/{message}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts a dead letter of this agent back into its inbox. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                    message: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams what happens to one agent. */
        get: {
            parameters: {
                query?: {
                    /** @description The same as the header `Last-Event-ID`; `0` is from the beginning. */
                    lastEventId?: string;
                };
                header?: {
                    /** @description id of the last event seen */
                    "Last-Event-ID"?: string | null;
                };
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists an agent's messages, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                    /** @description Only what this agent was sent and has sent in the conversation that began with this message. */
                    thread?: string;
                };
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Writes to an agent. Messages of one sender and one class are read in the order in which they were
         *     accepted; interrupts are read before all others. A stop ends the turn that is open now, as a
         *     cancel does: its mail goes back to the inbox and the agent goes on with its next mail.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description same key, same message */
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewMail"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the triggers of an agent, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Triggers"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a trigger to an agent. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTrigger"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/triggers/{trigger}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a trigger of an agent. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a trigger of an agent; its type stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriggerPatch"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/persistent-agents/{agent}/turns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists an agent's turns, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Turns"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/persistent-agents/{agent}/turns/{turn}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a turn with its transcript, oldest line first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    /** @description id or slug */
                    agent: string;
                    turn: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TurnShown"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists reviews, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those in this state. */
                    state?: string;
                    /** @description Only those of this repository. */
                    repoUrl?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                    /** @description How many at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyPrReviews"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Has the review agent look at a pull request. It writes a draft; nothing is handed in before a person
         *     says so. Where the pull request has a review that is not cancelled, that one is answered, and is in the
         *     person's hands from then on.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPrReviewBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one review, its draft, and what it waits for. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes a draft before it is handed in. The review is in the person's hands from then on: nothing happens
         *     to it by itself any more.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PrReviewEdit"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/pr-reviews/{review}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a review. Its process is gone within five seconds, and nothing it does afterwards counts. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/chat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was said, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyReviewChats"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Writes to the review agent, which answers in the same session and may change the draft. While it works,
         *     the message waits.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewReviewChat"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneReviewChat"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every change of a review's state, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyPrReviewEvents"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what the agent of a review said and did in its last run, or in another one, oldest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Of which run; of the last one where it is left out. */
                    runId?: string;
                    /** @description How many at most. */
                    limit?: number;
                    /** @description How many to leave out first. */
                    offset?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyPrReviewLogs"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/re-review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has the agent look once more, at the head as it is now. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the last runs of a review, newest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyPrReviewRuns"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams what happens to one review. */
        get: {
            parameters: {
                query?: {
                    /** @description The same as the header `Last-Event-ID`; `0` is from the beginning. */
                    lastEventId?: string;
                };
                header?: {
                    /** @description id of the last event seen */
                    "Last-Event-ID"?: string | null;
                };
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pr-reviews/{review}/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hands the draft in as a review on the pull request, with its comments on lines, of exactly the commit
         *     that was reviewed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    review: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePrReview"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists templates in the order in which they were made; those of one kind, where one is given. */
        get: {
            parameters: {
                query?: {
                    /** @description prompt, review, job or task. */
                    kind?: string;
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyTemplates"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Sets the words that prompts begin with from now on: those of a repository, or of the workspace. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewWords"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WordsSaved"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates/builtin-default": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the built-in words of tasks. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnlyWords"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates/effective": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the words that the prompts of a repository, or of the workspace, begin with. */
        get: {
            parameters: {
                query?: {
                    /** @description The address of a repository; those of the workspace where it is left out. */
                    repoUrl?: string;
                    /** @description prompt (the default) or review. */
                    kind?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EffectiveWords"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates/named": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keeps a new template. Its text may ask only for what prompts of its kind are given. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTemplate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTemplate"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renders a text that is not kept, and says whether it could be. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TrialTemplate"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rendering"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates/review-default": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the words of reviews where their repository has none: those of the workspace, or the built-in ones. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnlyWords"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prompt-templates/{template}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one template. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    template: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTemplate"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Removes a template. Where it was the default of its kind, prompts begin with the built-in words again. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    template: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a template, for what begins from now on. What is not named stays as it is. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    template: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangedTemplate"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTemplate"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/prompt-templates/{template}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renders a template of the library with parameters. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    template: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TrialParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rendering"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pull-requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the open pull requests of all repositories, or of one, as their hosts have them now, each with its
         *     review.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this repository. */
                    repoId?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyPulls"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pull-requests/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Merges a pull request, at exactly the head that was expected. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MergeOrder"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MergedView"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pull-requests/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how a pull request stands, as its host has it now. */
        get: {
            parameters: {
                query: {
                    /** @description Its address. */
                    prUrl: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PullStatusView"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/replicas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the control planes that work on this database, or did a minute ago. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Replicas"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/repos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists repositories in the order in which they were added. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyRepos"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a repository. Its address is there once, however it is written. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRepo"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRepo"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/repos/{repo}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one repository. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    repo: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRepo"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Removes a repository with its settings. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    repo: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a repository's settings, for what begins from now on. Its address stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    repo: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangedRepo"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRepo"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the secrets you can use, by name, without their values; those of one scope, where one is
         *     given.
         */
        get: {
            parameters: {
                query?: {
                    /** @description global, workspace, user, or the URL of a repository. */
                    scope?: string;
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Secrets"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Keeps a secret, sealed. One of the same name and scope is replaced. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSecret"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Kept"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/secrets/rotate-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Seals every secret with another key, while all is in use. Where that was cut short before, it is
         *     finished.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rotation"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a secret. Processes that were given it keep it until they end. */
        delete: {
            parameters: {
                query?: {
                    /** @description global, workspace, user, or the URL of a repository. */
                    scope?: string;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/slack/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says how Slack is set up. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SlackStatus"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/slack/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says something in Slack, to see whether it arrives. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SlackTest"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SlackTested"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/task-configs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the blueprints, newest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyBlueprints"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a blueprint. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BlueprintBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneBlueprint"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/task-configs/{config}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a blueprint. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneBlueprint"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a blueprint with its triggers. Tasks that were made of it go on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a blueprint. Tasks that were made of it stay as they are. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["BlueprintBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneBlueprint"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/task-configs/{config}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a task of a blueprint. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRunBody"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MadeTask"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/task-configs/{config}/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the triggers of a blueprint, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Triggers"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a trigger to a blueprint. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTrigger"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/task-configs/{config}/triggers/{trigger}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a trigger of a blueprint. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a trigger of a blueprint; its type stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id or name */
                    config: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriggerPatch"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists tasks, newest first; or blueprints, or jobs, or all of them. */
        get: {
            parameters: {
                query?: {
                    /** @description repo-task (the default), repo-blueprint, standalone or all. */
                    type?: string;
                    /** @description Only tasks in this state. */
                    state?: string;
                    /** @description How many tasks at most. */
                    limit?: number;
                    /** @description How many tasks to leave out first. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyOfAny"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Creates a task, which runs as soon as there is room and what it depends on is completed; or, by `type`, a
         *     blueprint or a job.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTaskBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneOfAny"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/bulk/cancel-active": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels all tasks that wait for room or run. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CancelledMany"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/bulk/retry-failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets all failed tasks go on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Retried"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/reorder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives tasks the priorities 1, 2, 3 … in this order, all of them or none. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Reordered"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Searches tasks, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description A text in title or prompt. */
                    q?: string;
                    /** @description Only tasks in this state. */
                    state?: string;
                    /** @description Only tasks of this repository. */
                    repoUrl?: string;
                    /** @description Only tasks of this agent program. */
                    agentType?: string;
                    /** @description `coding`, `review` or `job`; tasks on repositories where it is left out. */
                    taskType?: string;
                    /** @description At least so many dollars. */
                    costMin?: string;
                    /** @description At most so many dollars. */
                    costMax?: string;
                    /** @description Created at or after this moment. */
                    createdAfter?: string;
                    /** @description Created before this moment. */
                    createdBefore?: string;
                    /** @description Created by this person. */
                    author?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                    /** @description How many at most. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FoundTasks"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts tasks by state. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskStats"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a task, and why it does not move; or a blueprint, a job, or a review of a pull request. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AnyShown"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists comments, changes of state and messages in the order in which they happened. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyActivities"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a task. Its process is gone within five seconds, and nothing it does afterwards counts. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTask"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the comments on a task, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyComments"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Comments on a task. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewComment"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneComment"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/comments/{comment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes back a comment of one's own. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                    /** @description which comment */
                    comment: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Says something else in a comment of one's own. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                    /** @description which comment */
                    comment: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewComment"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneComment"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/tasks/{task}/dependencies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a task depends on. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dependencies"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Lets a task wait for others as well; a circle is refused by name, and nothing of it is stored. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewDependencies"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dependencies"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/dependencies/{on}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Lets a task no longer wait for another. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                    /** @description the task it no longer waits for */
                    on: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/dependents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what depends on a task. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dependents"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every change of a task's state, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyTaskEvents"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the files that a task's runs have left in `OPTIO_OUTPUTS_DIR`. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this attempt, by its number. */
                    attempt?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyRunFiles"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/files.tar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out all of them as a tar archive. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this attempt, by its number. */
                    attempt?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-tar": string;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out one of them. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this attempt, by its number. */
                    attempt?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                    /** @description the path in the list, slashes included */
                    path: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/force-redo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Forgets the session, the pull request and what is in the worktree, and begins at the base branch. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTask"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/force-restart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a task go on with a fresh session, in the worktree as it is. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Words"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTask"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a task's agent said and did, oldest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: number;
                    /** @description How many to leave out first. */
                    offset?: number;
                    /** @description Only lines with this text. */
                    search?: string;
                    /** @description Only lines of this type: text, thinking, tool_use, tool_result, system, error or info. */
                    logType?: string;
                    /** @description Of an export: json, plaintext or markdown. */
                    format?: string;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyTaskLogs"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/logs/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out the same as a file. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: number;
                    /** @description How many to leave out first. */
                    offset?: number;
                    /** @description Only lines with this text. */
                    search?: string;
                    /** @description Only lines of this type: text, thinking, tool_use, tool_result, system, error or info. */
                    logType?: string;
                    /** @description Of an export: json, plaintext or markdown. */
                    format?: string;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskLogView"][];
                        "text/plain": string;
                        "text/markdown": string;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/message": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Writes to a task. One that runs is told at once; one that waits or rests goes on with it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTaskMessage"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTaskMessage"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what people wrote to a task, oldest first, and whether it got through. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyTaskMessages"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a task that needs attention or has failed go on, with the same session and worktree. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Words"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTask"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a failed or cancelled task go on from where it is. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTask"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has the review agent look at a task's pull request. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReviewAsked"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/review-draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one review under the address that older clients know. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description the id of a review */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneReviewDraft"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/run-now": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a task that waits for cheaper hours start now. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTask"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the last runs, newest first: of a task its attempts, of a blueprint its tasks, of a job its runs. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyAnyRuns"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Starts a run of a blueprint or a job. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id of a blueprint or a job */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRunBody"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StartedRun"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one run. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                    /** @description which run */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneAnyRun"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams what happens to one task. */
        get: {
            parameters: {
                query?: {
                    /** @description The same as the header `Last-Event-ID`; `0` is from the beginning. */
                    lastEventId?: string;
                };
                header?: {
                    /** @description id of the last event seen */
                    "Last-Event-ID"?: string | null;
                };
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/subtasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the parts of a task. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyParts"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Creates a part of a task. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPart"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OnePart"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/subtasks/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts the parts of a task that its pull request waits for. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PartsStatus"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the triggers of a job or a blueprint, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id of a job or a blueprint */
                    task: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Triggers"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a trigger to a job or a blueprint. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id of a job or a blueprint */
                    task: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewTrigger"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task}/triggers/{trigger}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a trigger of a job or a blueprint. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id of a job or a blueprint */
                    task: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Changes a trigger of a job or a blueprint; its type stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id of a job or a blueprint */
                    task: string;
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriggerPatch"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tickets that were seen with their tracker's label, and what came of each; the newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only the tickets of this tracker. */
                    providerId?: string;
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyTickets"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tickets/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the trackers, in the order in which they were added. Tokens are masked. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyProviders"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a tracker, which is looked at from then on. Its token is sealed and never shown again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewProvider"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneProvider"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tickets/providers/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a tracker with its token and all that was seen there. What became of its tickets stays. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    provider: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Changes a tracker. What is not named stays as it is, `null` clears what may be empty; it is looked at
         *     anew, and what was tried in vain is tried again.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    provider: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangedProvider"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneProvider"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/tickets/providers/{provider}/re-enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same as PATCH. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    provider: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneProvider"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Lets a tracker go on that was left alone after too many failures, and tries again what was tried in
         *     vain.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    provider: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneProvider"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/tickets/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells every tracker that is enabled to look at once, and waits for them, 20 seconds at most. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackersSynced"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the topics that agents hear, by name. The topic `all` is heard by all and not listed. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Topics"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/topics/{topic}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the agents that hear a topic, by slug. A topic nobody hears is an empty list. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    topic: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Subscribers"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/topics/{topic}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publishes to every enabled agent that hears the topic, or, where one inbox is full, to none. The
         *     topic `all` reaches every enabled agent.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description same key, same message */
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    topic: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPublication"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Delivered"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/topics/{topic}/subscribers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An agent hears a topic from now on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    topic: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSubscriber"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Subscribed"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/topics/{topic}/subscribers/{agent}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** An agent hears a topic no more. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    topic: string;
                    /** @description id or slug */
                    agent: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Subscribed"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists all triggers, whatever they start: those that fire next first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this type. */
                    type?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Triggers"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says when a schedule would fire, without storing anything. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TriedSchedule"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Foretold"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/triggers/{trigger}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one trigger, whatever it starts. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    trigger: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneTrigger"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists webhooks in the order in which they were added, without their secrets. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyWebhooks"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Adds a webhook. Its address must be on the public internet, unless the server was told otherwise. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewWebhookBody"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneWebhook"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes an event of GitHub: signed, and acted on once however often it is delivered. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description the signature of the body */
                    "X-Hub-Signature-256": string;
                    /** @description the name of the event */
                    "X-GitHub-Event": string;
                    /** @description the identity of the delivery */
                    "X-GitHub-Delivery": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "text/plain": string;
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Told"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/gitlab": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes an event of GitLab: with the secret in a header, and acted on once however often it is delivered. */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description gitlab_webhook_secret */
                    "X-Gitlab-Token": string;
                    /** @description the identity of what caused the event */
                    "X-Gitlab-Event-UUID": string;
                    /** @description the identity of the event, since GitLab 17.4 */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "text/plain": string;
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Told"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/slack/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Does what somebody pressed in Slack: retry_task, cancel_task or view_logs. Only with Slack's own signature
         *     over the body, checked with the stored secret `SLACK_SIGNING_SECRET`, and for five minutes.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description v0= and the signature of the body */
                    "X-Slack-Signature": string;
                    /** @description when, in seconds since 1970 */
                    "X-Slack-Request-Timestamp": string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "text/plain": string;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SlackSaid"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{webhook}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one webhook, without its secret. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    webhook: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneWebhook"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Removes a webhook with its secret and its history. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    webhook: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Changes a webhook; what is not named stays. For a day after its secret has changed, deliveries are signed
         *     with the one before it too. One that is turned off is not told of what waits for it either.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    webhook: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ChangedWebhook"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneWebhook"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/webhooks/{webhook}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a webhook was told, the newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: string;
                    /** @description `nextCursor` of the page before. */
                    cursor?: string;
                };
                header?: never;
                path: {
                    /** @description id */
                    webhook: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyDeliveries"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{webhook}/deliveries/{delivery}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends once more what a webhook was told or was not, with as many attempts as if it had just happened. Its
         *     `webhook-id` stays, so that a receiver that has seen it can tell.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    webhook: string;
                    /** @description id */
                    delivery: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneDelivery"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{webhook}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a made-up event to a webhook, also to one that is turned off, and says how it went. It is tried
         *     once.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id */
                    webhook: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TestedEvent"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneDelivery"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a run. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRun"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a run. Its process is gone within five seconds, and it is not tried again by itself. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRun"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the files that the attempts of a job's run have left in `OPTIO_OUTPUTS_DIR`. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this attempt, by its number. */
                    attempt?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyRunFiles"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}/files.tar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out all of them as a tar archive. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this attempt, by its number. */
                    attempt?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-tar": string;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hands out one of them. */
        get: {
            parameters: {
                query?: {
                    /** @description Only those of this attempt, by its number. */
                    attempt?: number;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                    /** @description the path in the list, slashes included */
                    path: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a run's agent said and did, oldest first. */
        get: {
            parameters: {
                query?: {
                    /** @description How many at most. */
                    limit?: number;
                    /** @description How many to leave out first. */
                    offset?: number;
                    /** @description Only lines with this text. */
                    search?: string;
                    /** @description Only lines of this type: text, thinking, tool_use, tool_result, system, error or info. */
                    logType?: string;
                };
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ManyRunLogs"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/workflow-runs/{run}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a failed run try again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description id, or its first eight digits or more */
                    run: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OneRun"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers for whoever watches. Gauges are counted by indexes that hold no history; counters are
         *     this process' own, from its start, unless their help says otherwise.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a sender gets. */
        Accepted: {
            /** @description How an interrupt reaches the agent: `running-turn` or `next-turn`. Absent for other classes. */
            delivery?: string | null;
            /** @description Whether the reply came after the question's time was over. Absent where nobody had asked. */
            late?: boolean | null;
            /**
             * Format: uuid
             * @description The message: the first one's, where the Idempotency-Key was used before.
             */
            messageId: string;
            ok: boolean;
            /** @description Whether it had been accepted before. */
            repeated: boolean;
            /**
             * @description Whether a stop found an open turn to end; without one it has no effect. Absent for other
             *     classes.
             */
            stopped?: boolean | null;
        };
        /** @description Something that happened to a task. */
        Activity: (components["schemas"]["TaskCommentView"] & {
            /** @enum {string} */
            type: "comment";
        }) | (components["schemas"]["TaskEventView"] & {
            /** @enum {string} */
            type: "event";
        }) | (components["schemas"]["TaskMessageView"] & {
            /** @enum {string} */
            type: "message";
        });
        /** @description What happened, the latest first. */
        ActivityFeed: {
            items: components["schemas"]["HappenedView"][];
            /**
             * Format: int64
             * @description Hand it back as `cursor` for the next page; absent on the last one.
             */
            nextCursor?: number | null;
        };
        /** @description An actor's own account of why it is or is not moving. */
        ActorView: {
            /** @description For an agent `agent:<workspace>/<slug>`, for any other `<kind>/<id>`. */
            address: string;
            /**
             * Format: int64
             * @description Messages that were given up.
             */
            dead: number;
            /** @description Its last decisions with the facts they saw, newest first. */
            decisions: components["schemas"]["DecisionView"][];
            /**
             * Format: int64
             * @description Its incarnation.
             */
            epoch: number;
            /**
             * Format: int32
             * @description Failures in a row.
             */
            failures: number;
            /** Format: uuid */
            id: string;
            /** @description Whether agents are kept apart from the machine. */
            isolation: string;
            kind: string;
            /** @description What last went wrong, and what to do. */
            last_failure?: string | null;
            /**
             * Format: date-time
             * @description Since when the oldest waits.
             */
            oldest?: string | null;
            owner?: components["schemas"]["OwnerView"] | null;
            /**
             * Format: int64
             * @description Messages that wait.
             */
            pending: number;
            quarantine?: components["schemas"]["QuarantineView"] | null;
            /** @description What stale incarnations said and nobody believed, newest first. */
            refused: components["schemas"]["RefusedView"][];
            /**
             * Format: date-time
             * @description Since when.
             */
            since?: string | null;
            /** @description Where it stands. */
            state: string;
            /**
             * Format: int64
             * @description How many steps it has taken.
             */
            version: number;
            wait: components["schemas"]["WaitView"];
        };
        /** @description OneAgent agent and its inbox. */
        AgentShown: {
            agent: components["schemas"]["AgentView"];
            inbox: components["schemas"]["InboxView"];
        };
        /** @description A persistent agent. */
        AgentView: {
            agentRuntime: string;
            agentsMd?: string | null;
            branch?: string | null;
            /** Format: int32 */
            consecutiveFailureLimit: number;
            /** Format: int32 */
            consecutiveFailures: number;
            /** @description What a person asked for and is not done yet. */
            controlIntent?: string | null;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            description?: string | null;
            enabled: boolean;
            holdReason?: string | null;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            idlePodTimeoutMs: number;
            /**
             * Format: int32
             * @description Messages that wait.
             */
            inboxPending: number;
            /**
             * Format: int32
             * @description Those of them that wake: work and interrupts.
             */
            inboxWaking: number;
            initialPrompt: string;
            /** Format: date-time */
            lastFailureAt?: string | null;
            /**
             * @description auth, rate_limit, agent_missing, crash, timeout, silence, output_limit, budget, protocol,
             *     max_turns, context, api, session, sandbox or storage.
             */
            lastFailureClass?: string | null;
            lastFailureReason?: string | null;
            lastFailureRemedy?: string | null;
            /** Format: date-time */
            lastTurnAt?: string | null;
            /** Format: int64 */
            maxTurnDurationMs: number;
            /** Format: int32 */
            maxTurns: number;
            model?: string | null;
            name: string;
            /** @description Why it was paused by itself; resuming it lifts that. Null where a person paused it. */
            pauseReason?: string | null;
            podLifecycle: string;
            /** Format: uuid */
            promptTemplateId?: string | null;
            /**
             * Format: date-time
             * @description No turn before this.
             */
            reconcileBackoffUntil?: string | null;
            /** Format: uuid */
            repoId?: string | null;
            /** @description What is decided about its sandbox; what is left out is as the installation has it. */
            sandbox: components["schemas"]["SandboxBody"];
            /** @description The vendor's session the next turn resumes. */
            sessionId?: string | null;
            slug: string;
            /** @description idle, queued, provisioning, running, paused, failed or archived. */
            state: string;
            /** Format: date-time */
            stateSince: string;
            systemPrompt?: string | null;
            /** @description Dollars, as a decimal string. */
            totalCostUsd: string;
            /** Format: int64 */
            totalInputTokens: number;
            /** Format: int64 */
            totalOutputTokens: number;
            /** Format: int32 */
            turnsTaken: number;
            /** Format: date-time */
            updatedAt: string;
            /** Format: uuid */
            workspaceId?: string | null;
        };
        /** @description A run of any of them. */
        AnyRun: components["schemas"]["TaskRunView"] | components["schemas"]["TaskView"] | components["schemas"]["RunView"] | components["schemas"]["PrReviewRunView"];
        /** @description A task with why it does not move, or one of the others alone. */
        AnyShown: components["schemas"]["TaskShown"] | components["schemas"]["OneOfAny"];
        /** @description Any of them, told apart by `type`: repo-task, workflow-run, standalone, repo-blueprint or pr-review. */
        AnyTask: components["schemas"]["TaskView"] | components["schemas"]["JobView"] | components["schemas"]["BlueprintView"] | components["schemas"]["PrReviewView"];
        /** @description A question and what became of it. */
        AskView: {
            /**
             * Format: uuid
             * @description The agent that is to reply.
             */
            agentId: string;
            /** Format: date-time */
            askedAt: string;
            askerId: string;
            askerType: string;
            /** Format: date-time */
            deadline: string;
            /** Format: date-time */
            endedAt?: string | null;
            /** Format: uuid */
            id: string;
            /** @description Whether the reply came after the deadline. */
            late: boolean;
            /** @description What was replied to somebody without an inbox. */
            reply?: string | null;
            /**
             * Format: uuid
             * @description The reply. Where an agent asked, it lies in its inbox under this id.
             */
            replyId?: string | null;
            replyPayload?: unknown;
            /** @description open, answered or timed_out. */
            state: string;
        };
        /** @description What the asker gets. */
        Asked: {
            /**
             * Format: uuid
             * @description The question: its message, and what a reply names in `inReplyTo`.
             */
            askId: string;
            /**
             * Format: date-time
             * @description When the wait is over.
             */
            deadline: string;
            ok: boolean;
            /** @description Whether it had been asked before, with the same Idempotency-Key. */
            repeated: boolean;
        };
        /** @description The task that an issue became. */
        AssignedIssue: {
            /** @description Why the issue could not be labelled and commented on; null where it was. */
            hostError?: string | null;
            task: components["schemas"]["TaskView"];
        };
        /** @description How one attempt ended. */
        AttemptView: {
            /** Format: date-time */
            at: string;
            error?: string | null;
            /** Format: int32 */
            statusCode?: number | null;
            /** Format: int64 */
            tookMs: number;
        };
        /** @description A blueprint, or what is to be changed about one; as [`JobBody`]. */
        BlueprintBody: {
            /**
             * @description The agent program; the repository's where it is left out.
             * @default null
             */
            agentType: string | null;
            /** @default null */
            description: string | null;
            /**
             * @description Whether it can be started.
             * @default null
             */
            enabled: boolean | null;
            /**
             * Format: int32
             * @description How often a failed run is tried again by itself.
             * @default null
             */
            maxRetries: number | null;
            /** @default null */
            model: string | null;
            /**
             * @description Unique among the blueprints.
             * @default null
             */
            name: string | null;
            /** @description JSON Schema of the parameters. */
            paramsSchema?: Record<string, unknown> | null;
            /**
             * Format: int32
             * @description 1 to 1000; the lower, the sooner.
             * @default null
             */
            priority: number | null;
            /**
             * @description What the agent of each task is to do; a template over the parameters.
             * @default null
             */
            prompt: string | null;
            /**
             * Format: uuid
             * @description A template of the library that takes the place of prompt.
             * @default null
             */
            promptTemplateId: string | null;
            /**
             * @description The branch its tasks start from; the repository's default where it is left out.
             * @default null
             */
            repoBranch: string | null;
            /**
             * @description The repository.
             * @default null
             */
            repoUrl: string | null;
            /**
             * @description The title of each task; a template over the parameters.
             * @default null
             */
            title: string | null;
        };
        /** @description A blueprint. */
        BlueprintView: {
            agentType: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            description?: string | null;
            enabled: boolean;
            /** Format: uuid */
            id: string;
            /** Format: int32 */
            maxRetries: number;
            model?: string | null;
            name: string;
            paramsSchema?: unknown;
            /** Format: int32 */
            priority: number;
            prompt: string;
            /** Format: uuid */
            promptTemplateId?: string | null;
            repoBranch?: string | null;
            repoUrl?: string | null;
            title?: string | null;
            /** @description Always `repo-blueprint`. */
            type: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /** @description Someone who is not at rest. */
        BusyView: {
            errorClass?: string | null;
            /** @description Who can end that. */
            holder: string;
            /** Format: uuid */
            id: string;
            /** @description agent, task, job (a run of one) or pr_review. */
            kind: string;
            name: string;
            /** @description Why it stands there, in words. */
            reason?: string | null;
            /** @description What a person can do about it. */
            remedy?: string | null;
            /** Format: date-time */
            since: string;
            /** @description In the word of its kind. */
            state: string;
            /**
             * Format: date-time
             * @description When it looks again by itself.
             */
            until?: string | null;
            /** @description What it waits for. */
            waitsFor: string;
        };
        /** @description What became of a wish for many. */
        CancelledMany: {
            cancelled: number;
            total: number;
        };
        /** @description A changed agent; `null` clears a member that may be empty. */
        ChangedAgent: {
            agentRuntime?: string | null;
            agentsMd?: string | null;
            branch?: string | null;
            /** Format: int32 */
            consecutiveFailureLimit?: number | null;
            description?: string | null;
            enabled?: boolean | null;
            /** Format: int64 */
            idlePodTimeoutMs?: number | null;
            initialPrompt?: string | null;
            /** Format: int64 */
            maxTurnDurationMs?: number | null;
            /** Format: int32 */
            maxTurns?: number | null;
            model?: string | null;
            name?: string | null;
            /** @description always-on, sticky or on-demand. */
            podLifecycle?: string | null;
            /** Format: uuid */
            promptTemplateId?: string | null;
            /** Format: uuid */
            repoId?: string | null;
            sandbox?: components["schemas"]["SandboxBody"] | null;
            systemPrompt?: string | null;
        };
        /** @description What is changed about a tracker. */
        ChangedProvider: {
            config?: components["schemas"]["ProviderConfig"] | null;
            enabled?: boolean | null;
        };
        /** @description Settings of a repository; what is not named stays as it is, `null` clears what may be empty. */
        ChangedRepo: {
            /**
             * @description Merge pull requests that are green, and approved where review is on.
             * @default null
             */
            autoMerge: boolean | null;
            /** @default null */
            autoResume: boolean | null;
            /**
             * @description Draft pull requests that are never merged by themselves.
             * @default null
             */
            cautiousMode: boolean | null;
            /** @default null */
            claudeModel: string | null;
            /**
             * @description As in `sandbox`.
             * @default null
             */
            cpuLimit: string | null;
            /**
             * @description As in `sandbox`.
             * @default null
             */
            cpuRequest: string | null;
            /**
             * @description claude-code.
             * @default null
             */
            defaultAgentType: string | null;
            /** @default null */
            defaultBranch: string | null;
            /** @default null */
            externalReviewFilters: components["schemas"]["FiltersBody"] | null;
            /**
             * @description Which pull requests of others are reviewed by themselves: off, on_request, on_pr_hold, or on_pr_post,
             *     where the draft is handed in by itself.
             * @default null
             */
            externalReviewMode: string | null;
            /**
             * @description Such reviews wait for the checks to be over.
             * @default null
             */
            externalReviewWaitForCi: boolean | null;
            /**
             * @description github or gitlab; told from the host where it is not given.
             * @default null
             */
            gitPlatform: string | null;
            /**
             * @description As in `sandbox`.
             * @default null
             */
            imagePreset: string | null;
            /**
             * Format: int32
             * @default null
             */
            maxAgentsPerPod: number | null;
            /**
             * Format: int32
             * @default null
             */
            maxAutoResumes: number | null;
            /**
             * Format: int32
             * @default null
             */
            maxConcurrentTasks: number | null;
            /**
             * Format: int32
             * @default null
             */
            maxPodInstances: number | null;
            /**
             * Format: int32
             * @default null
             */
            maxTurnsCoding: number | null;
            /**
             * Format: int32
             * @default null
             */
            maxTurnsReview: number | null;
            /**
             * @description As in `sandbox`.
             * @default null
             */
            memoryLimit: string | null;
            /**
             * @description As in `sandbox`.
             * @default null
             */
            memoryRequest: string | null;
            /**
             * @description As in `sandbox`.
             * @default null
             */
            networkPolicy: string | null;
            /** @default null */
            offPeakOnly: boolean | null;
            /** @default null */
            planningModeEnabled: boolean | null;
            /** @default null */
            promptTemplateOverride: string | null;
            /** @default null */
            reviewAgentType: string | null;
            /** @default null */
            reviewEnabled: boolean | null;
            /** @default null */
            reviewModel: string | null;
            /** @default null */
            reviewPromptTemplate: string | null;
            /**
             * @description manual, on_pr or on_ci_pass.
             * @default null
             */
            reviewTrigger: string | null;
            /** @default null */
            sandbox: components["schemas"]["SandboxBody"] | null;
            /**
             * @description Null is the address's own.
             * @default null
             */
            slackChannel: string | null;
            /**
             * @description Say in Slack what becomes of tasks.
             * @default null
             */
            slackEnabled: boolean | null;
            /**
             * @description What is said: completed, failed, needs_attention, pr_opened.
             * @default null
             */
            slackNotifyOn: string[] | null;
            /**
             * @description Where Slack takes it in; null is the secret `SLACK_WEBHOOK_URL`. It is never shown again.
             * @default null
             */
            slackWebhookUrl: string | null;
            /** @default null */
            testCommand: string | null;
        };
        /** @description A changed template; what is not named stays as it is, `null` clears what may be empty. */
        ChangedTemplate: {
            /** @default null */
            defaultAgentType: string | null;
            /** @default null */
            description: string | null;
            /**
             * @description Let prompts or reviews begin with it where their repository has no words of its own; the one
             *     before is the default no more.
             * @default null
             */
            isDefault: boolean | null;
            /**
             * @description prompt, review, job or task.
             * @default null
             */
            kind: string | null;
            /** @default null */
            name: string | null;
            paramsSchema?: Record<string, unknown> | null;
            /** @default null */
            template: string | null;
        };
        /** @description A changed webhook; what is not named stays. */
        ChangedWebhook: {
            active?: boolean | null;
            description?: string | null;
            events?: string[] | null;
            /** @description Null signs nothing any more. */
            secret?: string | null;
            url?: string | null;
        };
        /** @description What was looked at. */
        Checks: {
            containerRuntime: boolean;
            database: boolean;
        };
        /** @description Who said something. */
        CommentAuthor: {
            avatarUrl?: string | null;
            displayName: string;
            id: string;
        };
        /** @description What some runs have cost together. */
        CostView: {
            /** @description Dollars, as a decimal string. */
            costUsd: string;
            /** @description As a decimal string. */
            inputTokens: string;
            /** @description What they have in common: a day, a kind (agent, coding, review, job, pr_review), a repository or a model. Null is none. */
            key?: string | null;
            /** @description As a decimal string. */
            outputTokens: string;
            /** Format: int64 */
            runs: number;
            /**
             * Format: int64
             * @description Those that ended well.
             */
            succeeded: number;
        };
        /** @description What one agent, task, run of a job or review has cost. */
        CostlyView: {
            /** @description Dollars, as a decimal string. */
            costUsd: string;
            /** Format: uuid */
            id: string;
            kind: string;
            name: string;
            /** Format: int64 */
            runs: number;
        };
        /** @description What runs have cost. */
        Costs: {
            costByModel: components["schemas"]["CostView"][];
            costByRepo: components["schemas"]["CostView"][];
            costByType: components["schemas"]["CostView"][];
            /** @description One for each day, the earliest first, also where nothing ran. */
            dailyCosts: components["schemas"]["CostView"][];
            /** Format: int64 */
            days: number;
            forecast: components["schemas"]["Forecast"];
            /** @description The same of as many days before. */
            previous: components["schemas"]["CostView"];
            summary: components["schemas"]["CostView"];
            /** @description What has cost most. */
            topTasks: components["schemas"]["CostlyView"][];
        };
        /** @description What credentials are wanted for, as git puts it. */
        CredentialQuestion: {
            /** @description The host, with its port where it is not the usual one. */
            host: string;
            /** @description The path without the leading slash, for example `acme/shop.git`. */
            path?: string | null;
            /** @description For example `https`. */
            protocol: string;
        };
        /** @description A dead letter in full. */
        DeadLetter: {
            message: components["schemas"]["MessageView"];
            /** @description The turns it was given to, as far as they are still kept. */
            turns: components["schemas"]["FailedTurnView"][];
        };
        /** @description A decision. */
        DecisionView: {
            /** Format: date-time */
            at: string;
            seen: string;
            step: string;
        };
        /** @description What the publisher gets. */
        Delivered: {
            /**
             * Format: int64
             * @description How many agents have it.
             */
            delivered: number;
            ok: boolean;
            /**
             * @description Whether the publisher hears the topic too and was left out: what it does never wakes it.
             *     Absent from the answer to a broadcast, which goes to peers by its name.
             */
            skippedSelf?: boolean | null;
        };
        /** @description Something that a webhook was told or will be. */
        DeliveryView: {
            /**
             * Format: int32
             * @description Attempts so far.
             */
            attempt: number;
            /** @description The last attempts, the newest first. */
            attempts: components["schemas"]["AttemptView"][];
            /**
             * Format: date-time
             * @description When it happened.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When the last attempt was over.
             */
            deliveredAt?: string | null;
            /** @description What went wrong with the last attempt. */
            error?: string | null;
            event: string;
            /**
             * Format: uuid
             * @description The same as the header `webhook-id`.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it is sent next; null once nothing more becomes of it.
             */
            nextAttemptAt?: string | null;
            /** @description What is sent: event, timestamp and data. */
            payload: Record<string, unknown>;
            /** @description How that answer begins. */
            responseBody?: string | null;
            /**
             * Format: int32
             * @description What the last attempt was answered.
             */
            statusCode?: number | null;
            /** @description Whether it was taken. */
            success: boolean;
            /** Format: uuid */
            webhookId: string;
        };
        /** @description What a task depends on. */
        Dependencies: {
            dependencies: components["schemas"]["DependencyView"][];
        };
        /** @description A task that another depends on, or that depends on it. */
        DependencyView: {
            /** Format: uuid */
            id: string;
            state: string;
            title: string;
        };
        /** @description What depends on a task. */
        Dependents: {
            dependents: components["schemas"]["DependencyView"][];
        };
        /** @description The words that prompts begin with. */
        EffectiveWords: {
            /** @description Whether the repository merges what is green. */
            autoMerge: boolean;
            /** @description Whether its pull requests are drafts. */
            cautiousMode: boolean;
            /**
             * Format: uuid
             * @description The template of the library that they are, where they are one.
             */
            id?: string | null;
            /** @description repository, workspace or built-in. */
            source: string;
            template: string;
        };
        /** @description A turn that failed with the message. */
        FailedTurnView: {
            error?: string | null;
            errorClass?: string | null;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            startedAt: string;
            /** Format: int32 */
            turnNumber: number;
        };
        /** @description A field that breaks its rule. */
        FieldProblem: {
            /** @description Which field. */
            field: string;
            /** @description The rule. */
            rule: string;
        };
        /** @description What is said of a file, or of a line of it. */
        FileCommentBody: {
            /** @description What is said. */
            body: string;
            /**
             * Format: int64
             * @description The line; without one it is about the whole file.
             */
            line?: number | null;
            /** @description The file, from the root of the repository. */
            path: string;
            /** @description LEFT or RIGHT, the default: on which side of the diff the line is counted. */
            side?: string | null;
        };
        /** @description What a draft says of a file, or of a line of it. */
        FileCommentView: {
            body: string;
            /** Format: int64 */
            line?: number | null;
            path: string;
            /** @description LEFT or RIGHT. */
            side: string;
        };
        /** @description Which pull requests are left out. */
        FiltersBody: {
            /**
             * @description Whose are left out.
             * @default []
             */
            excludeAuthors: string[];
            /**
             * @description Those with one of these labels are left out.
             * @default []
             */
            excludeLabels: string[];
            /**
             * @description Where it names anybody, only theirs are reviewed.
             * @default []
             */
            includeAuthors: string[];
            /**
             * @description Where it names any, only those with one of these labels are reviewed.
             * @default []
             */
            includeLabels: string[];
            /**
             * @description Those that their author calls unfinished; true by default.
             * @default false
             */
            skipDrafts: boolean;
            /**
             * @description Those that a task or our account has opened; true by default.
             * @default false
             */
            skipOptioAuthored: boolean;
        };
        /** @description What this month comes to. */
        Forecast: {
            /** @description Dollars a day in the mean of the days looked back on, as a decimal string. */
            dailyUsd: string;
            /** @description This month so far, as far as the days reach, and the rest of it at that rate. */
            monthUsd: string;
        };
        /** @description When it would fire. */
        Foretold: {
            nextFires: string[];
        };
        /** @description A page of what was searched for. */
        FoundTasks: {
            /** @description Hand it back as `cursor` for the next page; null on the last one. */
            nextCursor?: string | null;
            tasks: components["schemas"]["TaskView"][];
        };
        /** @description Credentials, for one use. */
        GivenCredential: {
            /**
             * Format: date-time
             * @description When it stops working, where that is known.
             */
            expiresAt?: string | null;
            /** @description The token. */
            password: string;
            /** @description For example `x-access-token`. */
            username: string;
        };
        /** @description Something that happened. */
        HappenedView: {
            /** @description Such as `task:state_changed`. */
            action: string;
            /** @description The event. */
            details: unknown;
            id: string;
            /** @description What people call it. */
            name?: string | null;
            /** Format: uuid */
            resourceId: string;
            /** @description What the action is about: what stands before its colon. */
            resourceType: string;
            /** @description In words. */
            summary: string;
            /** Format: date-time */
            timestamp: string;
        };
        /** @description How the control plane is. */
        Health: {
            checks: components["schemas"]["Checks"];
            healthy: boolean;
            /** @description How agents are kept apart from the machine. */
            isolation: string;
            /**
             * Format: int64
             * @description Turns that may run at once.
             */
            maxConcurrent: number;
            otelEnabled: boolean;
            /** @description Runners that are connected. */
            runners: number;
            version: string;
        };
        /** @description A call that was written down. */
        HookAccepted: {
            /** @description Whether its body is not what the trigger wants to hear of (config.when); then nothing comes of it. */
            ignored: boolean;
            /** @description Whether the same delivery was written down before; then this is its first answer. */
            repeated: boolean;
            /**
             * Format: uuid
             * @description The run that a job starts for it, or the agent that is told. Whether it is started is up to its trigger's
             *     overlap; `lastOutcome` of the trigger says what came of it.
             */
            runId?: string | null;
            /**
             * Format: uuid
             * @description The task that a blueprint makes of it.
             */
            taskId?: string | null;
            /** Format: uuid */
            triggerId: string;
        };
        /** @description An inbox in numbers. */
        InboxView: {
            /**
             * Format: int64
             * @description Messages that were given up.
             */
            dead: number;
            /**
             * Format: date-time
             * @description Since when the oldest waits.
             */
            oldest?: string | null;
            /**
             * Format: int64
             * @description Messages that wait.
             */
            pending: number;
        };
        /** @description An issue that is to be done. */
        IssueOrder: {
            /** @description The agent program; the one that a label of the issue or its repository names where it is left out. */
            agentType?: string | null;
            /** @description Its text, as Markdown. */
            body: string;
            /**
             * Format: int64
             * @description Its number in its repository.
             */
            issueNumber: number;
            repoId: string;
            title: string;
        };
        /** @description An issue. */
        IssueView: {
            assignee?: string | null;
            author: string;
            body: string;
            /** Format: date-time */
            createdAt: string;
            /** @description Whether it bears the label by which trackers find their tickets. */
            hasOptioLabel: boolean;
            /** @description `owner/name#number`. */
            id: string;
            labels: string[];
            /** Format: int64 */
            number: number;
            optioTask?: components["schemas"]["TaskOfIssue"] | null;
            repo: components["schemas"]["RepoOfIssue"];
            /** @description open or closed. */
            state: string;
            title: string;
            /** Format: date-time */
            updatedAt: string;
            url: string;
        };
        /** @description A repository whose issues could not be had. */
        IssuesUnseen: {
            error: string;
            /** Format: uuid */
            repoId: string;
            repoUrl: string;
        };
        /**
         * @description A job, or what is to be changed about one. A member that is left out keeps what it was; `null` clears what can
         *     be cleared.
         */
        JobBody: {
            /**
             * @description The agent program.
             * @default null
             */
            agentRuntime: string | null;
            /**
             * @description Dollars one run may cost, such as "2.50".
             * @default null
             */
            budgetUsd: string | null;
            /** @default null */
            description: string | null;
            /**
             * @description Whether it can be started.
             * @default null
             */
            enabled: boolean | null;
            /** @description What each run finds: `env`, an object of variables, and `setup`, a shell script carried out first. */
            environmentSpec?: Record<string, unknown> | null;
            /**
             * Format: int32
             * @description Runs in one sandbox at once.
             * @default null
             */
            maxAgentsPerPod: number | null;
            /**
             * Format: int32
             * @description Runs of it at once.
             * @default null
             */
            maxConcurrent: number | null;
            /**
             * Format: int32
             * @description Sandboxes at once.
             * @default null
             */
            maxPodInstances: number | null;
            /**
             * Format: int32
             * @description How often a failed run is tried again by itself.
             * @default null
             */
            maxRetries: number | null;
            /**
             * Format: int32
             * @description Model calls of one attempt.
             * @default null
             */
            maxTurns: number | null;
            /** @default null */
            model: string | null;
            /**
             * @description Unique among the jobs.
             * @default null
             */
            name: string | null;
            /** @description JSON Schema of the parameters. */
            paramsSchema?: Record<string, unknown> | null;
            /**
             * Format: int32
             * @description 1 to 1000; the lower, the sooner.
             * @default null
             */
            priority: number | null;
            /**
             * @description What the agent of each run is to do; a template over the parameters.
             * @default null
             */
            promptTemplate: string | null;
            /**
             * Format: uuid
             * @description A template of the library that takes the place of promptTemplate.
             * @default null
             */
            promptTemplateId: string | null;
            /**
             * @description The branch it is at; the repository's default where it is left out.
             * @default null
             */
            repoBranch: string | null;
            /**
             * @description A repository that each run finds checked out.
             * @default null
             */
            repoUrl: string | null;
            /** @default null */
            sandbox: components["schemas"]["SandboxBody"] | null;
            /**
             * Format: int32
             * @description Sandboxes kept started while nothing runs in them.
             * @default null
             */
            warmPoolSize: number | null;
        };
        /** @description The same. */
        JobStats: {
            stats: components["schemas"]["RunStatsView"];
        };
        /** @description A job. */
        JobView: {
            agentRuntime: string;
            /**
             * Format: int64
             * @description Milliseconds of one in the mean.
             */
            avgDurationMs?: number | null;
            /** @description Dollars, as a decimal string. */
            budgetUsd?: string | null;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            description?: string | null;
            enabled: boolean;
            environmentSpec?: unknown;
            /**
             * Format: int64
             * @description Those that failed or were cancelled.
             */
            failedCount: number;
            /** Format: uuid */
            id: string;
            /**
             * Format: date-time
             * @description When the last one was started.
             */
            lastRunAt?: string | null;
            /** Format: int32 */
            maxAgentsPerPod: number;
            /** Format: int32 */
            maxConcurrent: number;
            /** Format: int32 */
            maxPodInstances: number;
            /** Format: int32 */
            maxRetries: number;
            /** Format: int32 */
            maxTurns?: number | null;
            model?: string | null;
            name: string;
            paramsSchema?: unknown;
            /** Format: int32 */
            priority: number;
            promptTemplate: string;
            /** Format: uuid */
            promptTemplateId?: string | null;
            repoBranch?: string | null;
            /** @description The repository its runs find, where they find one. */
            repoUrl?: string | null;
            /**
             * Format: int64
             * @description All its runs.
             */
            runCount: number;
            /** @description What is decided about the sandboxes of its runs; what is left out is as the installation has it. */
            sandbox: components["schemas"]["SandboxBody"];
            /**
             * Format: int64
             * @description Those that succeeded.
             */
            successCount: number;
            /** @description Dollars of all of them, as a decimal string. */
            totalCost: string;
            /** @description Always `standalone`. */
            type: string;
            /** Format: date-time */
            updatedAt: string;
            /** Format: int32 */
            warmPoolSize: number;
        };
        /** @description What was kept. */
        Kept: {
            name: string;
            scope: string;
        };
        /** @description A file that is not kept. */
        LeftFileView: {
            /**
             * Format: int32
             * @description The number of the attempt that has left it.
             */
            attempt: number;
            /** Format: date-time */
            createdAt: string;
            /** @description Where it lay below the outputs; a dot where all of them are meant. */
            path: string;
            /** @description Why it is not kept, in words. */
            reason: string;
        };
        /** @description Whether there was a quarantine. */
        Lifted: {
            lifted: boolean;
        };
        /** @description A line of a transcript. */
        LogView: {
            content: unknown;
            /**
             * Format: int64
             * @description Its place in the transcript.
             */
            id: number;
            /** @description text, thinking, tool_use, tool_result, system, info or error. */
            logType: unknown;
            metadata: unknown;
            /** @description stdout or stderr. */
            stream: unknown;
            /** Format: date-time */
            timestamp: string;
            /** Format: uuid */
            turnId: string;
        };
        /** @description The task that was made. */
        MadeTask: {
            /** Format: uuid */
            taskId: string;
        };
        /** @description Everything that has happened to a task. */
        ManyActivities: {
            activity: components["schemas"]["Activity"][];
        };
        /** @description A page of agents. */
        ManyAgents: {
            agents: components["schemas"]["AgentView"][];
            /** @description Hand it back as `cursor` for the next page; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description Runs. */
        ManyAnyRuns: {
            runs: components["schemas"]["AnyRun"][];
        };
        /** @description Blueprints. */
        ManyBlueprints: {
            taskConfigs: components["schemas"]["BlueprintView"][];
        };
        /** @description Comments. */
        ManyComments: {
            comments: components["schemas"]["TaskCommentView"][];
        };
        /** @description A page of deliveries. */
        ManyDeliveries: {
            deliveries: components["schemas"]["DeliveryView"][];
            /** @description Hand it back as `cursor` for the next page; absent on the last one. */
            nextCursor?: string | null;
        };
        /** @description Issues. */
        ManyIssues: {
            /** @description The repositories whose issues could not be had, and why. */
            errors: components["schemas"]["IssuesUnseen"][];
            issues: components["schemas"]["IssueView"][];
        };
        /** @description Jobs. */
        ManyJobs: {
            workflows: components["schemas"]["JobView"][];
        };
        /** @description A page of them. */
        ManyOfAny: {
            /** Format: int64 */
            limit: number;
            /** Format: int64 */
            offset: number;
            tasks: components["schemas"]["AnyTask"][];
        };
        /** @description Parts. */
        ManyParts: {
            subtasks: components["schemas"]["TaskView"][];
        };
        /** @description A history. */
        ManyPrReviewEvents: {
            events: components["schemas"]["PrReviewEventView"][];
        };
        /** @description Lines. */
        ManyPrReviewLogs: {
            logs: components["schemas"]["PrReviewLogView"][];
        };
        /** @description Runs. */
        ManyPrReviewRuns: {
            runs: components["schemas"]["PrReviewRunView"][];
        };
        /** @description A page of reviews. */
        ManyPrReviews: {
            /** @description Hand it back as `cursor` for the next page; null on the last one. */
            nextCursor?: string | null;
            reviews: components["schemas"]["PrReviewView"][];
        };
        /** @description All trackers. */
        ManyProviders: {
            providers: components["schemas"]["ProviderView"][];
        };
        /** @description Open pull requests. */
        ManyPulls: {
            /** @description The repositories whose pull requests could not be had, and why. */
            errors: components["schemas"]["PullsUnseen"][];
            pullRequests: components["schemas"]["PullView"][];
        };
        /** @description A page of repositories. */
        ManyRepos: {
            /** @description Hand it back as `cursor` for the next page; absent on the last one. */
            nextCursor?: string | null;
            repos: components["schemas"]["RepoView"][];
        };
        /** @description Messages. */
        ManyReviewChats: {
            messages: components["schemas"]["ReviewChatView"][];
        };
        /** @description Files, by path. */
        ManyRunFiles: {
            /** @description Those that are kept; of each path the one that came last. */
            files: components["schemas"]["RunFileView"][];
            /** @description Those that the last attempt has left and that are not kept. */
            left: components["schemas"]["LeftFileView"][];
        };
        /** @description Lines of a run. */
        ManyRunLogs: {
            logs: components["schemas"]["TaskLogView"][];
        };
        /** @description Runs. */
        ManyRuns: {
            runs: components["schemas"]["RunView"][];
        };
        /** @description The sandboxes there are. */
        ManySandboxes: {
            /** @description How well agents are kept apart, in words. */
            isolation: string;
            pods: components["schemas"]["SandboxView"][];
        };
        /** @description A history. */
        ManyTaskEvents: {
            events: components["schemas"]["TaskEventView"][];
        };
        /** @description Lines. */
        ManyTaskLogs: {
            logs: components["schemas"]["TaskLogView"][];
        };
        /** @description Messages. */
        ManyTaskMessages: {
            messages: components["schemas"]["TaskMessageView"][];
        };
        /** @description A page of templates. */
        ManyTemplates: {
            /** @description Hand it back as `cursor` for the next page; absent on the last one. */
            nextCursor?: string | null;
            templates: components["schemas"]["TemplateView"][];
        };
        /** @description A page of tickets. */
        ManyTickets: {
            /** @description Hand it back as `cursor` for the next page; absent on the last one. */
            nextCursor?: string | null;
            tickets: components["schemas"]["TicketView"][];
        };
        /** @description A page of webhooks. */
        ManyWebhooks: {
            /** @description Hand it back as `cursor` for the next page; absent on the last one. */
            nextCursor?: string | null;
            webhooks: components["schemas"]["WebhookView"][];
        };
        /** @description The agent itself. */
        Me: {
            slug: string;
        };
        /** @description What is to be merged, and how. */
        MergeOrder: {
            /** @description The head that was looked at: any other is not merged. The head as it is now where it is left out. */
            expectedHead?: string | null;
            /** @description merge, squash or rebase. */
            mergeMethod: string;
            /** @description The address of the pull request. */
            prUrl: string;
        };
        /** @description A pull request was merged. */
        MergedView: {
            /** @description Always true. */
            merged: boolean;
            /** @description The commit on the base branch. */
            sha: string;
        };
        /** @description A message. */
        MessageView: {
            /** Format: uuid */
            agentId: string;
            /**
             * Format: int32
             * @description Turns it was given to that failed.
             */
            attempts: number;
            body: string;
            broadcasted: boolean;
            /**
             * Format: uuid
             * @description The turn in which it was sent.
             */
            cause?: string | null;
            /** @description work, notify, interrupt or stop. */
            class: string;
            deadReason?: string | null;
            /** @description The turns that failed with it, oldest first. */
            failedTurns: string[];
            /**
             * Format: int32
             * @description How many agents it came through.
             */
            hops: number;
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description The message it answers.
             */
            inReplyTo?: string | null;
            /** @description Whether it answers a question whose time was over. */
            late: boolean;
            /** Format: date-time */
            processedAt?: string | null;
            /** Format: date-time */
            receivedAt: string;
            /**
             * Format: date-time
             * @description Until when its sender waits for a reply.
             */
            replyBy?: string | null;
            senderId: string;
            senderName?: string | null;
            /** @description user, agent, system or external; from the sender's credentials. */
            senderType: string;
            /** @description pending, assigned, consumed, dead or discarded. */
            state: string;
            structuredPayload?: unknown;
            /**
             * Format: uuid
             * @description The first message of its conversation; its own id where it began one.
             */
            thread: string;
            /** @description The topic it was published to; `all` is the topic of all peers. */
            topic?: string | null;
            /**
             * Format: uuid
             * @description The turn it feeds or fed.
             */
            turnId?: string | null;
        };
        /** @description A page of messages. */
        Messages: {
            messages: components["schemas"]["MessageView"][];
            nextCursor?: string | null;
        };
        /** @description A new agent. */
        NewAgent: {
            agentRuntime?: string | null;
            agentsMd?: string | null;
            branch?: string | null;
            /** Format: int32 */
            consecutiveFailureLimit?: number | null;
            description?: string | null;
            enabled?: boolean | null;
            /** Format: int64 */
            idlePodTimeoutMs?: number | null;
            initialPrompt: string;
            /** Format: int64 */
            maxTurnDurationMs?: number | null;
            /** Format: int32 */
            maxTurns?: number | null;
            model?: string | null;
            name: string;
            /** @description always-on, sticky or on-demand. */
            podLifecycle?: string | null;
            /** Format: uuid */
            promptTemplateId?: string | null;
            /** Format: uuid */
            repoId?: string | null;
            sandbox?: components["schemas"]["SandboxBody"] | null;
            slug: string;
            systemPrompt?: string | null;
        };
        /** @description What is said. */
        NewComment: {
            /** @description 1 to 10000 characters. */
            content: string;
        };
        /** @description Tasks that have to be completed first. */
        NewDependencies: {
            dependsOnIds: string[];
        };
        /** @description A new message. */
        NewMail: {
            body: string;
            broadcasted?: boolean | null;
            /**
             * @description work (the default) wakes the agent; notify is read with whatever wakes it next; interrupt
             *     wakes it and is read before all other mail; stop ends its open turn. Agents may not stop.
             */
            class?: string | null;
            /**
             * Format: uuid
             * @description The message this one answers; it joins that message's thread.
             */
            inReplyTo?: string | null;
            /** @description A name for people; it proves nothing. */
            senderName?: string | null;
            /** @description Only what the caller is anyway, or external. Who sends is taken from the credentials. */
            senderType?: string | null;
            structuredPayload?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description A part of a task. */
        NewPart: {
            /** @description The agent program; the task's where it is left out. */
            agentType?: string | null;
            /** @description Whether the task's pull request waits for it. */
            blocksParent?: boolean | null;
            /**
             * Format: int32
             * @description 1 to 1000; the task's where it is left out.
             */
            priority?: number | null;
            /** @description What the agent is to do. */
            prompt: string;
            /**
             * @description `child`, the default, or `step`, which begins when the part before it is completed. Reviews are asked
             *     for with `POST /api/tasks/{task}/review`.
             */
            taskType?: string | null;
            /** @description One line for people. */
            title: string;
        };
        /** @description What is to be reviewed. */
        NewPrReviewBody: {
            /** @description The pull request, such as `https://github.com/owner/name/pull/7`. */
            prUrl: string;
        };
        /** @description A tracker to be added. */
        NewProvider: {
            config: components["schemas"]["ProviderConfig"];
            /** @description Whether it is looked at; true by default. */
            enabled?: boolean | null;
            /** @description github, gitlab, jira, linear or notion. */
            source: string;
        };
        /** @description A publication of a person. */
        NewPublication: {
            body: string;
            /** @description work (the default), notify or interrupt. */
            class?: string | null;
            /** @description A name for people; it proves nothing. */
            senderName?: string | null;
            /** @description Only what the caller is anyway, or external. Who sends is taken from the credentials. */
            senderType?: string | null;
            structuredPayload?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description A new repository: its address, and any settings of a changed one. */
        NewRepo: components["schemas"]["ChangedRepo"] & {
            /** @description Owner and name; told from the address where it is not given. */
            fullName?: string | null;
            /** @description With https, with ssh, or as git@host:owner/name. */
            repoUrl: string;
        };
        /** @description What is written. */
        NewReviewChat: {
            /** @description 1 to 8000 characters. */
            message: string;
        };
        /** @description What a run is started with. */
        NewRunBody: {
            /** @description The parameters; checked against the job's paramsSchema. */
            params?: Record<string, unknown> | null;
            /**
             * Format: uuid
             * @description The trigger that is tried by hand.
             * @default null
             */
            triggerId: string | null;
        };
        /** @description A secret to keep. */
        NewSecret: {
            /** @description Letters, digits and underscores: the name of a variable of the environment. */
            name: string;
            /** @description global (the default), workspace, user, or the URL of a repository. */
            scope?: string | null;
            /** @description The value, up to 64 KiB. It is never shown again. */
            value: string;
        };
        /** @description Who is to hear a topic. */
        NewSubscriber: {
            /** @description Id or slug. */
            agent: string;
        };
        /** @description What is asked for. */
        NewTaskBody: {
            /** @description The agent program; the repository's where it is left out. */
            agentType?: string | null;
            /** @description Tasks that have to be completed first. */
            dependsOn?: string[] | null;
            /** @description What a blueprint or a job is for. */
            description?: string | null;
            /** @description Whether a blueprint or a job can be started. */
            enabled?: boolean | null;
            /**
             * Format: int32
             * @description How often a failed run is tried again by itself, 0 to 10.
             */
            maxRetries?: number | null;
            /** @description Whatever its creator wants to find again. */
            metadata?: Record<string, unknown> | null;
            /** @description The model; the agent program's own where it is left out. */
            model?: string | null;
            /** @description The name of a blueprint or a job; its title where it is left out. */
            name?: string | null;
            /**
             * Format: int32
             * @description 1 to 1000; the lower, the sooner.
             */
            priority?: number | null;
            /** @description What the agent is to do. */
            prompt: string;
            /** @description The branch it starts from and merges into; the repository's default branch where it is left out. */
            repoBranch?: string | null;
            /** @description The repository, such as `https://github.com/owner/name`. */
            repoUrl?: string | null;
            /** @description Its ticket's name there. */
            ticketExternalId?: string | null;
            /** @description Where its ticket is, such as `github`. */
            ticketSource?: string | null;
            /** @description One line for people. */
            title?: string | null;
            /** @description repo-task, which it is where it is left out, repo-blueprint or standalone. */
            type?: string | null;
        };
        /** @description What is written. */
        NewTaskMessage: {
            /** @description 1 to 8000 characters. */
            content: string;
            /** @description `soft`, the default, or `interrupt`. */
            mode?: string | null;
        };
        /** @description A new template. */
        NewTemplate: {
            /** @description Which agent program a job or a task is given it with, where nobody says. */
            defaultAgentType?: string | null;
            description?: string | null;
            /** @description Let prompts or reviews begin with it where their repository has no words of its own. */
            isDefault?: boolean;
            /** @description prompt (the default), review, job or task. */
            kind?: string | null;
            /** @description Unique among those of its kind. */
            name: string;
            /** @description A JSON Schema of the parameters of a job or a task: its properties are what the text may ask for. */
            paramsSchema?: Record<string, unknown> | null;
            /** @description The text, up to 64 KiB. */
            template: string;
        };
        /** @description A new trigger. */
        NewTrigger: {
            /**
             * @description For a schedule: cronExpression, timezone (UTC), missed (once, all, skip). For a webhook: path, secret,
             *     signature (any, optio, standard, github, gitlab), dedup (delivery, body), rateLimitPerMinute, and when: an object
             *     of paths in the body, each with its value, a list of values, or {"not": …}; other calls start nothing. For a ticket:
             *     source (github, gitlab, jira, linear, notion), labels. For all of them: overlap (allow, skip, queue,
             *     replace), and for agents prompt and class (work, notify, interrupt).
             */
            config?: Record<string, unknown>;
            /** @description Whether it fires; true unless it is said. */
            enabled?: boolean | null;
            /**
             * @description For a webhook or a ticket where each parameter is found (`alert.labels[0]`, or a JSONPath); for a schedule
             *     the parameters themselves.
             */
            paramMapping?: Record<string, unknown> | null;
            /** @description manual, schedule, webhook or ticket. */
            type: string;
        };
        /** @description A new webhook. */
        NewWebhookBody: {
            /** @description True unless given. */
            active?: boolean | null;
            description?: string | null;
            /** @description What it is told of, at least one of the events. */
            events: string[];
            /** @description What deliveries are signed with: `whsec_` and base64, or any text. It is never shown again. */
            secret?: string | null;
            /** @description Where it is told: https or http. A Slack address gets Slack's own form. */
            url: string;
        };
        /** @description Words to begin with. */
        NewWords: {
            /** @description Whether the repository merges what is green; it is decided for each repository. */
            autoMerge?: boolean | null;
            /** @description They are for reviews, and not for tasks. */
            isReview?: boolean;
            /** @description The address of the repository whose words they are; the workspace's where it is left out. */
            repoUrl?: string | null;
            /** @description The text, up to 64 KiB. */
            template: string;
        };
        /** @description OneAgent agent. */
        OneAgent: {
            agent: components["schemas"]["AgentView"];
        };
        /** @description One run. */
        OneAnyRun: {
            run: components["schemas"]["AnyRun"];
        };
        /** @description A question. */
        OneAsk: {
            ask: components["schemas"]["AskView"];
        };
        /** @description One blueprint. */
        OneBlueprint: {
            taskConfig: components["schemas"]["BlueprintView"];
        };
        /** @description One comment. */
        OneComment: {
            comment: components["schemas"]["TaskCommentView"];
        };
        /** @description One delivery. */
        OneDelivery: {
            delivery: components["schemas"]["DeliveryView"];
        };
        /** @description One job. */
        OneJob: {
            workflow: components["schemas"]["JobView"];
        };
        /** @description One of them. */
        OneOfAny: {
            task: components["schemas"]["AnyTask"];
        };
        /** @description A part. */
        OnePart: {
            subtask: components["schemas"]["TaskView"];
        };
        /** @description One review. */
        OnePrReview: {
            review: components["schemas"]["PrReviewView"];
        };
        /** @description One tracker. */
        OneProvider: {
            provider: components["schemas"]["ProviderView"];
        };
        /** @description One repository. */
        OneRepo: {
            repo: components["schemas"]["RepoView"];
        };
        /** @description One message. */
        OneReviewChat: {
            message: components["schemas"]["ReviewChatView"];
        };
        /** @description A draft under its old address. */
        OneReviewDraft: {
            draft: components["schemas"]["PrReviewView"];
        };
        /** @description One run. */
        OneRun: {
            run: components["schemas"]["RunView"];
        };
        /** @description One task. */
        OneTask: {
            task: components["schemas"]["TaskView"];
        };
        /** @description One message. */
        OneTaskMessage: {
            message: components["schemas"]["TaskMessageView"];
        };
        /** @description One template. */
        OneTemplate: {
            template: components["schemas"]["TemplateView"];
        };
        /** @description One trigger. */
        OneTrigger: {
            trigger: components["schemas"]["TriggerView"];
        };
        /** @description One webhook. */
        OneWebhook: {
            webhook: components["schemas"]["WebhookView"];
        };
        /** @description Words. */
        OnlyWords: {
            template: string;
        };
        /** @description Which tasks go first. */
        Order: {
            /** @description The tasks, the one that goes first at the beginning. At most 1000. */
            taskIds: string[];
        };
        /** @description Everything at one look; each list begins with what changed last. */
        OverviewView: {
            /** @description Dollars of what has ended since midnight, UTC, as a decimal string. */
            costTodayUsd: string;
            /** @description What has failed in the last seven days and was not taken up again. */
            failed: components["schemas"]["BusyView"][];
            /** @description Those for whom nothing goes on until a person has acted. */
            needsPerson: components["schemas"]["BusyView"][];
            running: components["schemas"]["BusyView"][];
            sandboxes: components["schemas"]["SandboxNumbers"];
            /** @description With what they wait for, and until when. */
            waiting: components["schemas"]["BusyView"][];
        };
        /** @description Who runs an actor. */
        OwnerView: {
            /** @description Whether that lies in the future. */
            alive: boolean;
            /**
             * Format: int64
             * @description Grows with every new owner of the shard.
             */
            epoch: number;
            /**
             * Format: date-time
             * @description Until when it may act without another renewal; whoever is there takes over then.
             */
            lease_until: string;
            /**
             * Format: uuid
             * @description Which control plane.
             */
            replica: string;
            /**
             * Format: int32
             * @description The shard that the actor belongs to.
             */
            shard: number;
            url: string;
        };
        /** @description How far the parts are that a task's pull request waits for. */
        PartsStatus: {
            /** @description Whether all of them are completed. */
            allComplete: boolean;
            completed: number;
            /** @description Failed or cancelled. */
            failed: number;
            /** @description Waiting for other tasks, or just accepted. */
            pending: number;
            /** @description Queued, running, or at their own pull requests. */
            running: number;
            total: number;
        };
        /** @description A peer. */
        Peer: {
            description?: string | null;
            enabled: boolean;
            name: string;
            slug: string;
            state: string;
        };
        /** @description The peers of an agent. */
        Peers: {
            agents: components["schemas"]["Peer"][];
            me: components["schemas"]["Me"];
        };
        /** @description What is changed about a draft; what is absent or null stays as it is. */
        PrReviewEdit: {
            /** @description All comments, in the place of those that are there. */
            fileComments?: components["schemas"]["FileCommentBody"][] | null;
            /** @description For everybody to read. */
            summary?: string | null;
            /** @description approve, request_changes or comment. */
            verdict?: string | null;
        };
        /** @description One change of a review's state. */
        PrReviewEventView: {
            /** Format: date-time */
            createdAt: string;
            fromState?: string | null;
            /** Format: int64 */
            id: number;
            message?: string | null;
            /** Format: uuid */
            prReviewId: string;
            /** Format: uuid */
            runId?: string | null;
            toState: string;
            trigger: string;
            userId?: string | null;
        };
        /** @description A line. */
        PrReviewLogView: {
            content: unknown;
            /** Format: int64 */
            id: number;
            logType: unknown;
            metadata: unknown;
            /** Format: uuid */
            prReviewId: string;
            /** Format: uuid */
            prReviewRunId?: string | null;
            /** @description stdout or stderr. */
            stream: unknown;
            /** Format: date-time */
            timestamp: string;
        };
        /** @description A run of a review. */
        PrReviewRunView: {
            /** Format: date-time */
            completedAt?: string | null;
            costUsd?: string | null;
            /** Format: date-time */
            createdAt: string;
            errorClass?: string | null;
            errorMessage?: string | null;
            /** @description The commit it looks at. */
            headSha: string;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            inputTokens?: number | null;
            /** @description initial, rereview or chat. */
            kind: string;
            modelUsed?: string | null;
            /** Format: int32 */
            number: number;
            /** Format: int64 */
            outputTokens?: number | null;
            /** Format: uuid */
            prReviewId: string;
            prompt?: string | null;
            resultSummary?: string | null;
            sessionId?: string | null;
            /** Format: date-time */
            startedAt?: string | null;
            /** @description provisioning, running, completed, failed or cancelled. */
            state: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /** @description A review of a pull request. */
        PrReviewView: {
            agentType: string;
            /**
             * Format: int32
             * @description How often a new head was looked at by itself.
             */
            autoReviews: number;
            autoSubmitted: boolean;
            /** @description What a person asked for and is not done yet. */
            controlIntent?: string | null;
            /** @description Dollars, as a decimal string. */
            costUsd: string;
            /** Format: date-time */
            createdAt: string;
            createdBy?: string | null;
            errorClass?: string | null;
            /** @description How its last run failed, or why the git host refused the draft. */
            errorMessage?: string | null;
            errorRemedy?: string | null;
            fileComments?: components["schemas"]["FileCommentView"][] | null;
            /** @description The commit that the draft is about; that of the pull request while there is no draft. */
            headSha: string;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            inputTokens: number;
            /** Format: uuid */
            lastPodId?: string | null;
            model?: string | null;
            modelUsed?: string | null;
            /** @description manual or auto. */
            origin: string;
            /** Format: int64 */
            outputTokens: number;
            /** @description What it waits for, who can change that, and until when; in answers about one review. */
            pendingReason?: string | null;
            /** @description Who opened the pull request. */
            prAuthor: string;
            /** @description The head of the pull request as it was last seen. */
            prHeadSha: string;
            /** Format: int64 */
            prNumber: number;
            /** @description The title of the pull request when the review was begun. */
            prTitle: string;
            prUrl: string;
            repoName: string;
            repoOwner: string;
            repoUrl: string;
            /**
             * Format: int32
             * @description Runs so far.
             */
            runsTaken: number;
            sessionId?: string | null;
            /** @description queued, waiting_ci, reviewing, ready, stale, submitted, failed or cancelled. */
            state: string;
            /** @description Why it is in that state, in words. */
            stateReason?: string | null;
            /** Format: date-time */
            stateSince: string;
            /** Format: date-time */
            submittedAt?: string | null;
            /** @description Where people read it on the pull request, where that is known. */
            submittedUrl?: string | null;
            summary?: string | null;
            /**
             * Format: uuid
             * @description Always null: no task belongs to it.
             */
            taskId?: string | null;
            /** @description Always `pr-review`. */
            type: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description Whether a person has done anything to it: from then on nothing happens to it by itself. */
            userEngaged: boolean;
            /** @description approve, request_changes or comment. */
            verdict?: string | null;
            /** Format: uuid */
            workspaceId?: string | null;
        };
        /** @description What a refused request gets. */
        Problem: {
            /** @description What was wrong, where, and what to do. */
            detail: string;
            /** @description The same as `detail`. */
            error: string;
            /** @description The fields that break their rules. */
            errors?: components["schemas"]["FieldProblem"][];
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The status in words. */
            title: string;
            /** @description Always `about:blank`: the status says what kind of problem it is. */
            type: string;
        };
        /** @description How far the parts of a task are. */
        Progress: {
            completedSteps: number;
            failedSteps: number;
            runningSteps: number;
            totalSteps: number;
        };
        /** @description What people decide about a tracker: the members of its source, and those of all. */
        ProviderConfig: {
            /** @description Linear, Notion: the key. Never shown again. */
            apiKey?: string | null;
            /** @description Jira: the token. Never shown again. */
            apiToken?: string | null;
            /** @description Jira: the site, as in https://acme.atlassian.net. */
            baseUrl?: string | null;
            /** @description Notion: the database, by its id. */
            databaseId?: string | null;
            /** @description Jira: the status of a ticket that is done; any of that category where it is left out. */
            doneStatusName?: string | null;
            /** @description Notion: what it says of one that is done; Done by default. */
            doneValue?: string | null;
            /** @description Jira: whose token it is. */
            email?: string | null;
            /** @description GitLab: the host, as in gitlab.com. */
            host?: string | null;
            /** @description The label of tickets that become work; optio by default. */
            label?: string | null;
            /**
             * Format: int32
             * @description Pages read at one look; 10 by default.
             */
            maxPages?: number | null;
            /** @description GitHub: the owner of the repository. */
            owner?: string | null;
            /** @description Linear: the only project that is looked at, by its id. */
            projectId?: string | null;
            /** @description Jira: the only project that is looked at. */
            projectKey?: string | null;
            /** @description GitLab: the project with its groups. */
            projectPath?: string | null;
            /** @description GitHub: the repository. */
            repo?: string | null;
            /**
             * @description Jira, Linear, Notion: the repository of tickets that name none. A ticket of Jira may name its own with
             *     a label repo:owner/name.
             */
            repoUrl?: string | null;
            /** @description Notion: the property that says where a page stands; Status by default. */
            statusProperty?: string | null;
            /** @description Linear: the only team that is looked at, by its id. */
            teamId?: string | null;
            /** @description Notion: the property with the title; the one of that type where it is left out. */
            titleProperty?: string | null;
            /** @description Jira: the status of a ticket that waits for work; any that is not done where it is left out. */
            todoStatusName?: string | null;
            /** @description GitHub, GitLab: a token; that of the git host where it is left out. Never shown again. */
            token?: string | null;
        };
        /** @description What came of looking at one tracker. */
        ProviderSynced: {
            /** @description Whether all that had changed was read; false while that goes on, or where it failed. */
            done: boolean;
            /** @description How it failed, or why it is not asked now. */
            error?: string | null;
            /** Format: uuid */
            id: string;
            source: string;
        };
        /** @description A tracker. */
        ProviderView: {
            /** @description What people decided, with a mask in the place of the token. */
            config: components["schemas"]["ProviderConfig"];
            /**
             * Format: int32
             * @description Looks in a row that failed.
             */
            consecutiveFailures: number;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /** @description Whether it is looked at; false after five failures in a row. */
            enabled: boolean;
            holdReason?: string | null;
            /**
             * Format: date-time
             * @description Not before this is it asked anything, because of a rate limit or a failure.
             */
            holdUntil?: string | null;
            /** Format: uuid */
            id: string;
            /** @description How the last look failed; null where it did not. */
            lastError?: string | null;
            /** Format: date-time */
            lastErrorAt?: string | null;
            /**
             * Format: date-time
             * @description When all that had changed was last read.
             */
            lastSyncedAt?: string | null;
            /** @description github, gitlab, jira, linear or notion. */
            source: string;
            /** Format: date-time */
            updatedAt: string;
            /** Format: uuid */
            workspaceId?: string | null;
        };
        /** @description The pull request of a task; null where it has none. */
        PullFields: {
            /** @description unknown, none, pending, passing, failing or conflicts. */
            prChecksStatus?: string | null;
            /** Format: int64 */
            prNumber?: number | null;
            prReviewComments?: string | null;
            /** @description none, approved or changes_requested. */
            prReviewStatus?: string | null;
            /** @description open, merged or closed. */
            prState?: string | null;
            prUrl?: string | null;
        };
        /** @description How a pull request stands. */
        PullStatusView: {
            /** @description none, pending, passing or failing. */
            checks: string;
            draft: boolean;
            /** @description The names of those that failed. */
            failedChecks: string[];
            headSha: string;
            /** @description Whether it merges without conflicts; null while the host has not found out. */
            mergeable?: boolean | null;
            /** @description none, approved or changes_requested. */
            review: string;
            /** @description open, merged or closed. */
            state: string;
        };
        /** @description An open pull request. */
        PullView: {
            author: string;
            baseBranch: string;
            draft: boolean;
            headBranch: string;
            headSha: string;
            /** @description `owner/name#number`. */
            id: string;
            labels: string[];
            /** Format: int64 */
            number: number;
            repoFullName: string;
            /** Format: uuid */
            repoId: string;
            repoUrl: string;
            /** @description Whose review is asked for. */
            requestedReviewers: string[];
            review?: components["schemas"]["ReviewBrief"] | null;
            /** @description Always open. */
            state: string;
            title: string;
            url: string;
        };
        /** @description A repository whose pull requests could not be had. */
        PullsUnseen: {
            error: string;
            /** Format: uuid */
            repoId: string;
            repoUrl: string;
        };
        /** @description A quarantine. */
        QuarantineView: {
            reason: string;
            /** Format: date-time */
            since: string;
        };
        /** @description A question. */
        Question: {
            body: string;
            /** @description work (the default) or interrupt. */
            class?: string | null;
            /**
             * Format: uuid
             * @description The message this one answers; it joins that message's thread.
             */
            inReplyTo?: string | null;
            /** @description A name for people; it proves nothing. */
            senderName?: string | null;
            structuredPayload?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: int64
             * @description Milliseconds to wait for the reply; limits.ask_ms_default where it is left out.
             */
            timeoutMs?: number | null;
        };
        /** @description A refused report. */
        RefusedView: {
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            current_epoch?: number | null;
            /** Format: int64 */
            epoch: number;
            reason: string;
            report: unknown;
            /** Format: uuid */
            run: string;
        };
        /** @description A text as an agent would be given it. */
        Rendering: {
            rendered: string;
            /** @description What is wrong with it, each with its place. */
            warnings: string[];
        };
        /** @description What became of the order. */
        Reordered: {
            ok: boolean;
            reordered: number;
        };
        /** @description A control plane. */
        ReplicaView: {
            /** @description Whether that lies in the future, by the clock of the database. */
            alive: boolean;
            /** Format: uuid */
            id: string;
            /**
             * Format: date-time
             * @description Until when it may act without another renewal.
             */
            leaseUntil: string;
            /** @description all, gateway or actors. */
            role: string;
            /** @description How many of the 256 shards it runs. */
            shards: number;
            /** Format: date-time */
            startedAt: string;
            /** @description Whether it is about to leave. */
            stopping: boolean;
            /** @description Where runners and the others reach it. */
            url: string;
        };
        /** @description The control planes of this database. */
        Replicas: {
            /**
             * Format: uuid
             * @description Which of them answers; null where there can be only one.
             */
            answeredBy?: string | null;
            /**
             * Format: int64
             * @description Writes of the one that answers that were refused because another had taken their actor over.
             */
            refusedWrites: number;
            replicas: components["schemas"]["ReplicaView"][];
            /** @description Shards that nobody runs at this moment. */
            unownedShards: number;
        };
        /** @description The repository of an issue. */
        RepoOfIssue: {
            fullName: string;
            /** Format: uuid */
            id: string;
            repoUrl: string;
        };
        /** @description A repository. */
        RepoView: {
            autoMerge: boolean;
            autoResume: boolean;
            cautiousMode: boolean;
            claudeModel: string;
            cpuLimit?: string | null;
            cpuRequest?: string | null;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            defaultAgentType: string;
            defaultBranch: string;
            /** @description The program that reviews. */
            effectiveReviewAgentType: string;
            /** @description The model that reviews. */
            effectiveReviewModel: string;
            /** @description Which pull requests of others are not reviewed by themselves. */
            externalReviewFilters: components["schemas"]["FiltersBody"];
            /** @description off, on_request, on_pr_hold or on_pr_post. */
            externalReviewMode: string;
            externalReviewWaitForCi: boolean;
            fullName: string;
            /** @description github or gitlab. */
            gitPlatform: string;
            /** Format: uuid */
            id: string;
            /** @description base, node, python, go, rust or full; null is the image of the installation. */
            imagePreset?: string | null;
            /** Format: int32 */
            maxAgentsPerPod: number;
            /**
             * Format: int32
             * @description Null is the limit of the server.
             */
            maxAutoResumes?: number | null;
            /** Format: int32 */
            maxConcurrentTasks: number;
            /** Format: int32 */
            maxPodInstances: number;
            /** Format: int32 */
            maxTurnsCoding: number;
            /** Format: int32 */
            maxTurnsReview: number;
            memoryLimit?: string | null;
            memoryRequest?: string | null;
            /** @description unrestricted, restricted or closed. */
            networkPolicy: string;
            offPeakOnly: boolean;
            planningModeEnabled: boolean;
            promptTemplateOverride?: string | null;
            /** @description In its one form: https, the host in lower case, no .git. */
            repoUrl: string;
            /** @description Null is the program that works on it. */
            reviewAgentType?: string | null;
            reviewEnabled: boolean;
            reviewModel: string;
            reviewPromptTemplate?: string | null;
            /** @description manual, on_pr or on_ci_pass. */
            reviewTrigger: string;
            /** @description All that is decided about its sandboxes, these members among it. */
            sandbox: components["schemas"]["SandboxBody"];
            /** @description Null is the address's own. */
            slackChannel?: string | null;
            slackEnabled: boolean;
            /** @description What is said: completed, failed, needs_attention, pr_opened. */
            slackNotifyOn: string[];
            /** @description `***` where it has an address of its own, which is never shown; null is the secret `SLACK_WEBHOOK_URL`. */
            slackWebhookUrl?: string | null;
            testCommand?: string | null;
            /** Format: date-time */
            updatedAt: string;
            /** Format: uuid */
            workspaceId?: string | null;
        };
        /** @description What became of a wish for many. */
        Retried: {
            retried: number;
            total: number;
        };
        /** @description The review that was asked for. */
        ReviewAsked: {
            /** Format: uuid */
            reviewTaskId: string;
        };
        /** @description A review in the few members that a list of pull requests shows. */
        ReviewBrief: {
            /** @description The commit that the draft is about. */
            headSha?: string | null;
            /** Format: uuid */
            id: string;
            /** @description manual or auto. */
            origin: string;
            state: string;
            verdict?: string | null;
        };
        /** @description A message. */
        ReviewChatView: {
            content: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            prReviewId: string;
            /** @description user or assistant. */
            role: string;
            /**
             * Format: uuid
             * @description The run that was told of it, or that said it; null while it waits.
             */
            runId?: string | null;
        };
        /** @description What a change of the key has done. */
        Rotation: {
            /** @description The name of the key that everything is sealed with now. */
            keyId: string;
            /** @description What you have to remove by hand, where Optio may not. */
            left?: string | null;
            /**
             * Format: int64
             * @description How many secrets were sealed anew.
             */
            secrets: number;
        };
        /** @description A file that is kept. */
        RunFileView: {
            /**
             * Format: int32
             * @description The number of the attempt that has left it.
             */
            attempt: number;
            contentType: string;
            /** Format: date-time */
            createdAt: string;
            /** @description Whether it may be executed. */
            executable: boolean;
            /** @description Where it lay below the outputs; appended to the path of the list it is where to get it. */
            path: string;
            /** Format: uuid */
            runId: string;
            /** @description In hexadecimal digits. */
            sha256: string;
            /**
             * Format: int64
             * @description Its bytes.
             */
            size: number;
        };
        /** @description How many runs stand where. */
        RunStatsView: {
            /** Format: int64 */
            completed: number;
            /** Format: int64 */
            failed: number;
            /** Format: int64 */
            queued: number;
            /** Format: int64 */
            running: number;
            /** Format: int64 */
            total: number;
        };
        /** @description A run of a job. */
        RunView: {
            /**
             * Format: int32
             * @description Attempts so far.
             */
            attempts: number;
            /** @description Dollars, as a decimal string. */
            costUsd: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /** @description The same more finely: pending, queued, provisioning, running, completed, failed or cancelled. */
            detailedState: string;
            errorClass?: string | null;
            errorMessage?: string | null;
            errorRemedy?: string | null;
            /** Format: date-time */
            finishedAt?: string | null;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            inputTokens: number;
            /** Format: int32 */
            maxRetries: number;
            modelUsed?: string | null;
            /** @description `summary`: the last words of its agent; its files are at `…/files`. Null before its end. */
            output?: unknown;
            /** Format: int64 */
            outputTokens: number;
            params: unknown;
            podName?: string | null;
            /** @description What its agent is told. */
            prompt: string;
            /** Format: int32 */
            retryCount: number;
            sessionId?: string | null;
            /** Format: date-time */
            startedAt?: string | null;
            /** @description queued, running, completed or failed. */
            state: string;
            /** @description Why it is in that state, in words. */
            stateReason?: string | null;
            title: string;
            /**
             * Format: uuid
             * @description The trigger that started it; null where a person did.
             */
            triggerId?: string | null;
            /** Format: date-time */
            updatedAt: string;
            /** Format: uuid */
            workflowId?: string | null;
        };
        /** @description What is decided about a sandbox; what is left out is as the installation has it. */
        SandboxBody: {
            /** @description Folders below ~ or /workspace that all sandboxes of the repository or job share. Not for agents. */
            caches?: string[] | null;
            /** @description Processors it may use. */
            cpuLimit?: string | null;
            /** @description Processors it is sure to have, such as `500m` or `2`. */
            cpuRequest?: string | null;
            /** @description Networks that can be reached besides: `10.1.0.0/16`, `10.2.0.7/32:8443`, `[fd00::/8]:443`. */
            egress?: string[] | null;
            /** @description Any image with git and a shell, where imagePreset is left out. */
            image?: string | null;
            /** @description base, node, python, go, rust or full: the agent image with what that kind of work needs. */
            imagePreset?: string | null;
            /** @description Memory it may use; an agent that takes more is ended. */
            memoryLimit?: string | null;
            /** @description Memory it is sure to have, such as `512Mi`. */
            memoryRequest?: string | null;
            /**
             * @description unrestricted: the public internet by ssh, http and https; restricted: by https alone; closed: nothing. DNS,
             *     the control plane and what `egress` names can be reached in any case.
             */
            networkPolicy?: string | null;
            /** @description Labels that its node has. */
            nodeSelector?: {
                [key: string]: string;
            } | null;
            /** @description The RuntimeClass, such as gVisor's or Kata's. */
            runtimeClass?: string | null;
        };
        /** @description Sandboxes in numbers. */
        SandboxNumbers: {
            /** @description In which something runs. */
            busy: number;
            /** @description Of which only the files are kept. */
            dormant: number;
            /** @description Started, and without work. */
            idle: number;
        };
        /** @description A sandbox. */
        SandboxView: {
            /**
             * Format: int64
             * @description Runs in it that are not over.
             */
            activeRuns: number;
            /** Format: date-time */
            createdAt: string;
            /** Format: uuid */
            id: string;
            /**
             * Format: date-time
             * @description Until when it is kept without work; null is without end.
             */
            keepUntil?: string | null;
            /** Format: uuid */
            ownerId: string;
            /** @description agent, repository or job. */
            ownerKind: string;
            ownerName?: string | null;
            /** @description As the cluster calls it, where sandboxes are pods. */
            podName: string;
            /** @description connected (to this control plane), elsewhere (not to this one), or dormant (only its files are kept). */
            state: string;
        };
        /** @description A secret without its value. */
        SecretView: {
            /** Format: date-time */
            createdAt: string;
            /** Format: uuid */
            id: string;
            name: string;
            /** @description global, workspace, user, or the address of a repository. */
            scope: string;
            /**
             * Format: date-time
             * @description When its value was last set.
             */
            updatedAt: string;
            /** @description The person whose it is, where the scope is user. */
            userId?: string | null;
        };
        /** @description A page of secrets. */
        Secrets: {
            nextCursor?: string | null;
            secrets: components["schemas"]["SecretView"][];
        };
        /** @description What the sender gets. */
        Sent: {
            /** @description How an interrupt reaches the peer: `running-turn` or `next-turn`. Absent for other classes. */
            delivery?: string | null;
            /** @description Whether the reply came after the question's time was over. Absent where nobody had asked. */
            late?: boolean | null;
            /** Format: uuid */
            messageId: string;
            ok: boolean;
            /** @description The receiver: a peer's slug, or the address of whoever asked. */
            to: string;
        };
        /** @description What became of dead letters. */
        SettledView: {
            /**
             * Format: int64
             * @description How many were replayed or discarded.
             */
            count: number;
            /** @description Whether there may be more: ask again. */
            more: boolean;
            ok: boolean;
        };
        /** @description What Slack shows to whoever pressed. */
        SlackSaid: {
            response_type: string;
            text: string;
        };
        /** @description How Slack is set up. */
        SlackStatus: {
            /**
             * @description Whether the secret `SLACK_WEBHOOK_URL` is stored, which is used where a repository has no address
             *     of its own.
             */
            globalWebhookConfigured: boolean;
            /** @description Whether the secret `SLACK_SIGNING_SECRET` is stored, without which messages have no buttons. */
            signingSecretConfigured: boolean;
        };
        /** @description Where a test goes. */
        SlackTest: {
            /** @description The channel; the address's own unless given. */
            channel?: string | null;
            /** @description An incoming webhook of Slack. */
            webhookUrl: string;
        };
        /** @description What became of a test. */
        SlackTested: {
            message: string;
            ok: boolean;
        };
        /** @description How long its agent has been silent. */
        Stall: {
            isStalled: boolean;
            lastLogSummary?: string | null;
            /** Format: int64 */
            silentForMs: number;
            /** Format: int64 */
            thresholdMs: number;
        };
        /** @description A run that was started. */
        StartedRun: {
            /** Format: uuid */
            runId: string;
            /** @description repo-blueprint or standalone. */
            type: string;
        };
        /** @description Counts. */
        Stats: {
            stats: components["schemas"]["StatsView"];
        };
        /** @description How many agents stand where. */
        StatsView: {
            /** Format: int64 */
            archived: number;
            /** Format: int64 */
            failed: number;
            /** Format: int64 */
            idle: number;
            /** Format: int64 */
            paused: number;
            /** Format: int64 */
            provisioning: number;
            /** Format: int64 */
            queued: number;
            /** Format: int64 */
            running: number;
            /** Format: int64 */
            total: number;
        };
        /** @description What became of a subscription. */
        Subscribed: {
            /** @description Whether anything changed. */
            changed: boolean;
            ok: boolean;
            topic: string;
        };
        /** @description An agent that hears a topic. */
        SubscriberView: {
            /** Format: uuid */
            agentId: string;
            /** Format: date-time */
            since: string;
            slug: string;
        };
        /** @description Who hears a topic. */
        Subscribers: {
            nextCursor?: string | null;
            subscribers: components["schemas"]["SubscriberView"][];
            topic: string;
        };
        /** @description A comment on a task. Its agent is not told of it: for that there are messages. */
        TaskCommentView: {
            content: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            taskId: string;
            /** Format: date-time */
            updatedAt: string;
            user: components["schemas"]["CommentAuthor"];
            userId: string;
        };
        /** @description One change of a task's state. */
        TaskEventView: {
            /** Format: date-time */
            createdAt: string;
            fromState?: string | null;
            /** Format: int64 */
            id: number;
            message?: string | null;
            /** Format: uuid */
            taskId: string;
            toState: string;
            trigger: string;
            userId?: string | null;
        };
        /** @description A line. */
        TaskLogView: {
            content: unknown;
            /** Format: int64 */
            id: number;
            logType: unknown;
            metadata: unknown;
            /** Format: uuid */
            runId?: string | null;
            /** @description stdout or stderr. */
            stream: unknown;
            /** Format: uuid */
            taskId: string;
            /** Format: date-time */
            timestamp: string;
            /**
             * Format: uuid
             * @description The same, where the task is a run of a job.
             */
            workflowRunId?: string | null;
        };
        /** @description A message. */
        TaskMessageView: {
            /**
             * Format: date-time
             * @description When the agent's process took it, or the run that began with it succeeded.
             */
            ackedAt?: string | null;
            content: string;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it was given to a run.
             */
            deliveredAt?: string | null;
            deliveryError?: string | null;
            /** Format: uuid */
            id: string;
            mode: string;
            /** Format: uuid */
            taskId: string;
            userId: string;
        };
        /** @description The task that an issue has. */
        TaskOfIssue: {
            state: string;
            /** Format: uuid */
            taskId: string;
        };
        /** @description A run of a task. */
        TaskRunView: {
            costUsd?: string | null;
            errorClass?: string | null;
            errorMessage?: string | null;
            /** Format: date-time */
            finishedAt?: string | null;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            inputTokens?: number | null;
            modelUsed?: string | null;
            /** Format: int32 */
            number: number;
            /** @description What it meant for the task; null while it is open. */
            outcome?: string | null;
            /** Format: int64 */
            outputTokens?: number | null;
            prompt: string;
            sessionId?: string | null;
            /** Format: date-time */
            startedAt: string;
            summary?: string | null;
            /** Format: uuid */
            taskId: string;
        };
        /** @description One task, why it does not move, and the parts it has. */
        TaskShown: {
            /** @description What it waits for, who can change that, and until when. */
            pendingReason?: string | null;
            pipelineProgress?: components["schemas"]["Progress"] | null;
            stallInfo: components["schemas"]["Stall"];
            task: components["schemas"]["TaskView"];
            worktree?: components["schemas"]["WorktreeView"] | null;
        };
        /** @description Counts. */
        TaskStats: {
            /** @description How many tasks are in each state. */
            stats: {
                [key: string]: number;
            };
        };
        /** @description A task. */
        TaskView: components["schemas"]["PullFields"] & {
            agentType: string;
            /**
             * Format: int32
             * @description How often it was sent back to its pull request since a person said something.
             */
            autoResumes: number;
            blocksParent: boolean;
            /** Format: date-time */
            completedAt?: string | null;
            /**
             * Format: uuid
             * @description The blueprint or job it is a run of.
             */
            configId?: string | null;
            /** @description What a person asked for and is not done yet. */
            controlIntent?: string | null;
            /** @description Dollars, as a decimal string. */
            costUsd: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /**
             * Format: int32
             * @description Files in its worktree that are not committed, after its last run.
             */
            dirtyFiles: number;
            errorClass?: string | null;
            errorMessage?: string | null;
            errorRemedy?: string | null;
            /** Format: uuid */
            id: string;
            ignoreOffPeak: boolean;
            /** Format: int64 */
            inputTokens: number;
            /** Format: uuid */
            lastPodId?: string | null;
            /** Format: int32 */
            maxRetries: number;
            metadata?: unknown;
            model?: string | null;
            modelUsed?: string | null;
            /** Format: int64 */
            outputTokens: number;
            /** @description The parameters it was started with. */
            params?: unknown;
            /** Format: uuid */
            parentTaskId?: string | null;
            /** Format: int32 */
            priority: number;
            prompt: string;
            repoBranch: string;
            repoUrl: string;
            resultSummary?: string | null;
            /** Format: int32 */
            retryCount: number;
            /** @description The commit a review looks at. */
            reviewHead?: string | null;
            /** @description What a review decided: approve, request_changes or comment. */
            reviewVerdict?: string | null;
            /**
             * Format: int32
             * @description Runs so far.
             */
            runsTaken: number;
            /** @description The vendor's session that the next run resumes. */
            sessionId?: string | null;
            /** Format: date-time */
            startedAt?: string | null;
            /**
             * @description pending, waiting_on_deps, queued, provisioning, running, needs_attention, pr_opened, completed,
             *     failed or cancelled.
             */
            state: string;
            /** @description Why it is in that state, in words. */
            stateReason?: string | null;
            /** Format: date-time */
            stateSince: string;
            /** @description coding, review or job. */
            taskType: string;
            ticketExternalId?: string | null;
            ticketSource?: string | null;
            title: string;
            /**
             * Format: uuid
             * @description The trigger that started it.
             */
            triggerId?: string | null;
            /** @description `repo-task`, or `workflow-run` for a run of a job. */
            type: string;
            /**
             * Format: int32
             * @description Commits in its worktree that are on no remote branch, after its last run.
             */
            unpushedCommits: number;
            /** Format: date-time */
            updatedAt: string;
            /** @description The branch it works on. */
            workBranch: string;
        };
        /** @description A template. */
        TemplateView: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            defaultAgentType?: string | null;
            description?: string | null;
            /** Format: uuid */
            id: string;
            /** @description Whether prompts of its kind begin with it where their repository has no words of its own. */
            isDefault: boolean;
            /** @description prompt, review, job or task. */
            kind: string;
            /** @description Unique among those of its kind. */
            name: string;
            /** @description A JSON Schema of the parameters of a job or a task. */
            paramsSchema?: Record<string, unknown> | null;
            template: string;
            /** Format: date-time */
            updatedAt: string;
            /** Format: uuid */
            workspaceId?: string | null;
        };
        /** @description What is tested. */
        TestedEvent: {
            /**
             * @description Which event; the first one that the webhook is told of unless given.
             * @default null
             */
            event: string | null;
        };
        /** @description A ticket that was seen, and what came of it. */
        TicketView: {
            /**
             * Format: date-time
             * @description When it last changed, as its tracker says.
             */
            changedAt: string;
            /**
             * Format: date-time
             * @description When what is next is done; null where nothing is, or a person has to do something first.
             */
            dueAt?: string | null;
            /** @description What names it in its tracker. */
            externalId: string;
            /** Format: date-time */
            firstSeenAt: string;
            /**
             * Format: date-time
             * @description When it became work.
             */
            handledAt?: string | null;
            /** Format: uuid */
            id: string;
            /** @description What people call it, such as SHOP-7. */
            key: string;
            labels: string[];
            /** Format: date-time */
            lastSeenAt: string;
            /** Format: uuid */
            providerId: string;
            /** @description Why nothing comes of it, or why it could not be told something. */
            reason?: string | null;
            /** @description github, gitlab, jira, linear or notion. */
            source: string;
            /** @description open or closed, as its tracker said last. */
            state: string;
            /**
             * @description What came of it: waiting (it is about to become work), started, stuck (it cannot become work; reason
             *     says why), or none (it was closed before).
             */
            status: string;
            /**
             * Format: uuid
             * @description The task it became.
             */
            taskId?: string | null;
            /** @description The state of that. */
            taskState?: string | null;
            title: string;
            /** @description What it was last told: started or done. */
            told?: string | null;
            /** Format: date-time */
            toldAt?: string | null;
            /** @description What it is still to be told: started or done. */
            untold?: string | null;
            url: string;
        };
        /** @description A message to all peers. */
        ToAll: {
            body: string;
            /** @description work (the default), notify or interrupt. */
            class?: string | null;
            payload?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description A question to a peer. */
        ToAsk: {
            body: string;
            /** @description work (the default) or interrupt. */
            class?: string | null;
            /**
             * Format: uuid
             * @description The message this one answers; it joins that message's thread.
             */
            inReplyTo?: string | null;
            payload?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: int64
             * @description Milliseconds to wait for the reply; limits.ask_ms_default where it is left out.
             */
            timeoutMs?: number | null;
            /** @description The peer's slug. */
            to: string;
        };
        /** @description A message to a peer. */
        ToPeer: {
            body: string;
            /** @description Marks the message as one that others get too. */
            broadcast?: boolean | null;
            /**
             * @description work (the default) wakes the peer; notify is read with whatever wakes it next; interrupt
             *     wakes it and is read before all other mail.
             */
            class?: string | null;
            /**
             * Format: uuid
             * @description The message this one answers; it joins that message's thread.
             */
            inReplyTo?: string | null;
            payload?: {
                [key: string]: unknown;
            } | null;
            /**
             * @description The peer's slug. May be left out of a reply, which then goes to whoever wrote the message
             *     that `inReplyTo` names; a person who asked reads it at the question.
             */
            to?: string | null;
        };
        /** @description A publication of an agent. */
        ToTopic: {
            body: string;
            /** @description work (the default), notify or interrupt. */
            class?: string | null;
            payload?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description What became of an event. */
        Told: {
            ok: boolean;
            /** @description How many watched pull requests and trackers it was about. */
            told: number;
        };
        /** @description A topic, while an agent hears it. */
        TopicView: {
            /**
             * Format: int64
             * @description How many agents hear it.
             */
            subscribers: number;
            topic: string;
        };
        /** @description A page of topics. */
        Topics: {
            nextCursor?: string | null;
            topics: components["schemas"]["TopicView"][];
        };
        /** @description What came of it. */
        TrackersSynced: {
            providers: components["schemas"]["ProviderSynced"][];
            /**
             * Format: int64
             * @description How many tickets became work meanwhile.
             */
            synced: number;
        };
        /** @description Parameters to try a template with. */
        TrialParams: {
            /** @description Values by name. What tasks and reviews are given is there as an example without being named. */
            params?: Record<string, unknown>;
        };
        /** @description A text that is not kept, to be tried. */
        TrialTemplate: {
            /** @description prompt (the default), review, job or task. */
            kind?: string | null;
            /** @description Values by name. */
            params?: Record<string, unknown>;
            /** @description A JSON Schema of the parameters of a job or a task. */
            paramsSchema?: Record<string, unknown> | null;
            template: string;
        };
        /** @description A schedule that is tried. */
        TriedSchedule: {
            /** @description Five fields, or six with seconds in front. */
            cronExpression: string;
            /** @description An IANA time zone; UTC where it is left out. */
            timezone?: string | null;
        };
        /** @description What is to be changed about a trigger; its type stays. */
        TriggerPatch: {
            /** @description All of its settings. A secret that is left out stays, `null` removes it. */
            config?: Record<string, unknown> | null;
            /** @description Whether it fires. */
            enabled?: boolean | null;
            /** @description All of it; `null` removes it. */
            paramMapping?: Record<string, unknown> | null;
        };
        /** @description A trigger. */
        TriggerView: {
            /** @description Its settings; a secret is shown as `***`. */
            config: unknown;
            /** Format: date-time */
            createdAt: string;
            /** @description Why it was disabled by itself. */
            disabledReason?: string | null;
            enabled: boolean;
            /**
             * Format: int64
             * @description How often it has fired.
             */
            fireCount: number;
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            lastFiredAt?: string | null;
            /** @description What came of its last fire. */
            lastOutcome?: string | null;
            /** Format: date-time */
            lastOutcomeAt?: string | null;
            /** Format: date-time */
            nextFireAt?: string | null;
            /** @description The next fires of a schedule. */
            nextFires: string[];
            paramMapping?: unknown;
            /** Format: uuid */
            targetId: string;
            /** @description persistent_agent, job or task_config. */
            targetType: string;
            /** @description manual, schedule, webhook or ticket. */
            type: string;
            /** Format: date-time */
            updatedAt: string;
            /**
             * Format: uuid
             * @description The job it starts, where it starts one.
             */
            workflowId?: string | null;
        };
        /** @description Triggers. */
        Triggers: {
            triggers: components["schemas"]["TriggerView"][];
        };
        /** @description A turn with its transcript. */
        TurnShown: {
            /** @description At most a thousand lines. */
            logs: components["schemas"]["LogView"][];
            /** @description Hand it back as `cursor` for the lines that follow. */
            nextCursor?: string | null;
            turn: components["schemas"]["TurnView"];
        };
        /** @description A turn. */
        TurnView: {
            /** Format: uuid */
            agentId: string;
            /** @description Dollars, as a decimal string. */
            costUsd?: string | null;
            /** Format: int64 */
            epoch: number;
            error?: string | null;
            errorClass?: string | null;
            /** Format: date-time */
            finishedAt?: string | null;
            /**
             * @description natural, wait_tool, max_duration, max_turns, budget, interrupted, cancelled or error; null
             *     while the turn is open.
             */
            haltReason?: string | null;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            inputTokens?: number | null;
            /**
             * Format: int32
             * @description Messages it was given.
             */
            messageCount: number;
            modelUsed?: string | null;
            /** Format: int64 */
            outputTokens?: number | null;
            promptUsed: string;
            remedy?: string | null;
            sessionId?: string | null;
            /** Format: date-time */
            startedAt: string;
            summary?: string | null;
            /** Format: int32 */
            turnNumber: number;
            wakePayload?: unknown;
            /** @description user, agent, webhook, schedule, ticket, system or initial. */
            wakeSource: string;
        };
        /** @description A page of turns. */
        Turns: {
            nextCursor?: string | null;
            turns: components["schemas"]["TurnView"][];
        };
        /** @description What it waits for. */
        WaitView: {
            /** @description Who can end the wait. */
            holder: string;
            reason: string;
            /**
             * Format: date-time
             * @description When it looks again by itself; null where only mail or a person can wake it.
             */
            until?: string | null;
        };
        /** @description What is wanted. */
        Wanted: {
            /** @description pause, resume, archive or restart. */
            intent: string;
        };
        /** @description A webhook. */
        WebhookView: {
            active: boolean;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            description?: string | null;
            /** @description Why it was turned off by itself. */
            disabledReason?: string | null;
            /** @description What it is told of. */
            events: string[];
            /** Format: uuid */
            id: string;
            /**
             * Format: date-time
             * @description Until when deliveries are signed with the secret before too.
             */
            previousSecretUntil?: string | null;
            /** @description `***` where deliveries are signed; the secret itself is never shown. */
            secret?: string | null;
            /** Format: date-time */
            updatedAt: string;
            url: string;
            /** Format: uuid */
            workspaceId?: string | null;
        };
        /** @description What a person says with it. */
        Words: {
            /**
             * @description What the agent is told first.
             * @default null
             */
            prompt: string | null;
        };
        /** @description What was done. */
        WordsSaved: {
            ok: boolean;
        };
        /** @description The worktree of a task. */
        WorktreeView: {
            /**
             * Format: date-time
             * @description When it is removed; null while the task may go on there.
             */
            dueAt?: string | null;
            /** @description Why it is preserved. */
            reason?: string | null;
            /**
             * @description `active` while a run is in it, `kept` while the task may go on there, `preserved` where it could not
             *     be removed, and `removed`.
             */
            state: string;
        };
        /** @description What was written down. */
        Written: {
            intent: string;
            ok: boolean;
            /** @description Where the agent stands now. */
            state: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
