-- The schema. It is edited in place until the first release.

-- Workers

create table workers (
    id                  text primary key,
    tags                text not null check (json_valid(tags)),
    workflow            text not null,
    overlays            text not null default '[]' check (json_valid(overlays)),
    guided              text not null default '[]' check (json_valid(guided)),
    max_claims          integer not null check (max_claims >= 0),   -- 0: no limit
    project             integer references projects (task) on delete set null,
    selector            text check (selector is null or json_valid(selector)),
    registered_at       integer not null,
    last_heartbeat      integer not null,
    -- The process through which it connected; null for a single command.
    pid                 integer,
    process_start       integer,
    boot                text,
    host                text,
    -- Its last renewal, also by the clock that does not run while the machine sleeps.
    renewed_at          integer not null default 0,
    awake_ms            integer,
    awake_boot          text,
    reserved_ms         integer check (reserved_ms > 0),
    -- How and when it left; null while it is present.
    left_at             integer,
    left_how            text check (left_how in ('disconnected', 'died', 'expired', 'replaced')),
    last_claim_sequence integer not null default 0,
    told_claim_sequence integer not null default 0,
    untold_messages     integer not null default 0 check (untold_messages >= 0),
    check ((left_at is null) = (left_how is null))
) strict, without rowid;

create index workers_present on workers (id) where left_at is null;

create index workers_project on workers (project) where project is not null;

-- Tasks and their readiness

create table tasks (
    n                integer primary key,   -- age: a task with a smaller number is older
    id               text not null unique check (length(id) between 1 and 128),
    title            text not null check (length(title) between 1 and 500),
    description      text,
    workflow         text not null,
    status           text not null,
    phase            text,
    priority         integer not null default 5 check (priority between 0 and 10),
    worker_id        text references workers (id),
    claimed_at       integer,               -- set during an attempt
    attempt          integer not null default 0,
    needed_tags      text not null default '[]',
    wanted_tags      text not null default '[]',
    tags             text not null default '[]',
    points           integer,
    time_estimate_ms integer,
    time_actual_ms   integer not null default 0,
    timed_since      integer,               -- set while time is counted
    started_at       integer,
    completed_at     integer,
    current_thought  text,
    created_at       integer not null,
    created_by       text,
    updated_at       integer not null,
    deleted_at       integer,
    deleted_by       text,
    deleted_reason   text,

    -- The meaning of the state in the task's workflow, as `take_step` stored it.
    is_waiting       integer not null check (is_waiting in (0, 1)),
    is_blocking      integer not null check (is_blocking in (0, 1)),
    is_ended         integer not null check (is_ended in (0, 1)),
    -- Counts that make readiness a property of the row. `recount` recomputes them.
    open_blockers    integer not null default 0 check (open_blockers >= 0),
    blocked_above    integer not null default 0 check (blocked_above >= 0),
    open_children    integer not null default 0 check (open_children >= 0),

    -- Its place among other tasks.
    parent           integer,               -- the task above it, from the vertical link
    project          integer references projects (task) on delete set null,
    template         integer references templates (id) on delete set null,
    unique_key       text,
    is_job           integer not null default 0 check (is_job in (0, 1)),
    is_overlaid      integer not null default 0 check (is_overlaid in (0, 1)),  -- its newest attempt has overlays
    group_key        text,
    -- 1: its start time has not come. 2: its group is full.
    withheld         integer not null default 0 check (withheld in (0, 1, 2)),
    queue            text generated always as (coalesce(project, '') || needed_tags || wanted_tags) virtual,

    -- The one predicate of readiness: listing, claiming and explaining use it.
    ready            integer generated always as (
        is_waiting and worker_id is null and deleted_at is null
        and open_blockers = 0 and blocked_above = 0 and open_children = 0 and project is not n and withheld = 0
    ) virtual,
    standing         text generated always as (
        case
            when deleted_at is not null then null
            when is_ended then 'ended'
            when worker_id is not null then 'held'
            when not is_waiting then 'paused'
            when open_blockers > 0 or blocked_above > 0 then 'blocked'
            when open_children > 0 or project is n then 'container'
            when withheld = 1 then 'scheduled'
            when withheld = 2 then 'limited'
            else 'ready'
        end
    ) virtual,

    check (claimed_at is null or worker_id is not null),
    check (not (is_ended and worker_id is not null))
) strict;

create index tasks_held on tasks (worker_id, claimed_at) where worker_id is not null;

create index tasks_status on tasks (status, n);

create index tasks_tail on tasks (substr(id, -8)) where length(id) = 36;

create index tasks_project on tasks (project) where project is not null;

create index tasks_template on tasks (template) where template is not null;

create unique index tasks_unique on tasks (unique_key) where unique_key is not null;

create index tasks_ready on tasks (queue, priority desc, n) where ready = 1;

create index tasks_blocked on tasks (n) where standing = 'blocked';

create index tasks_ready_in on tasks (parent, queue, priority desc, n) where ready = 1 and parent is not null;

create index tasks_ready_of on tasks (template, queue, priority desc, n) where ready = 1 and template is not null;

create index tasks_parts_in on tasks (parent, n) where open_children > 0 and parent is not null;

create index tasks_in_turn on tasks (group_key, withheld, queue, coalesce(parent, 0), priority desc, n)
where group_key is not null and standing in ('ready', 'limited');

create index tasks_in_group on tasks (group_key) where group_key is not null and claimed_at is not null;

create table task_tags (
    tag     text not null,
    task_id text not null references tasks (id) on update cascade on delete cascade,
    primary key (tag, task_id)
) strict, without rowid;

create index task_tags_task on task_tags (task_id);

create view task_needed_tags as
select tasks.id as task_id, tag.value as tag
from tasks, json_each(tasks.needed_tags) as tag;

create view task_wanted_tags as
select tasks.id as task_id, tag.value as tag
from tasks, json_each(tasks.wanted_tags) as tag;

-- Links

create table dependencies (
    from_task_id text not null references tasks (id) on update cascade on delete cascade,
    to_task_id   text not null references tasks (id) on update cascade on delete cascade,
    dep_type     text not null,
    -- The meaning of the kind, from the configuration at the last `recount`.
    vertical     integer not null check (vertical in (0, 1)),
    holds        text check (holds in ('start', 'completion')),
    primary key (from_task_id, to_task_id, dep_type),
    check (from_task_id <> to_task_id)
) strict, without rowid;

create index dependencies_to on dependencies (to_task_id, vertical, holds);

create unique index one_parent on dependencies (to_task_id) where vertical = 1;

create trigger tasks_placed_on_insert after insert on dependencies
when new.vertical = 1
    and (select parent from tasks where id = new.to_task_id)
        is not (select n from tasks where id = new.from_task_id)
begin
    update tasks
    set parent = (select n from tasks where id = new.from_task_id)
    where id = new.to_task_id;
end;

create trigger tasks_placed_on_delete after delete on dependencies when old.vertical = 1
begin
    update tasks set parent = null where id = old.to_task_id;
end;

-- Attempts

create table attempts (
    task_id    text not null references tasks (id) on update cascade on delete cascade,
    attempt    integer not null check (attempt > 0),
    worker_id  text not null,
    claimed_at integer not null,
    ended_at   integer,
    outcome    text,
    reason     text,
    time_ms    integer not null default 0,
    error_class text,
    -- The worker's overlays when it began, and those added since.
    overlays   text not null default '[]' check (json_valid(overlays)),
    primary key (task_id, attempt),
    check ((ended_at is null) = (outcome is null))
) strict, without rowid;

-- Former ids of renamed tasks. A former id finds its task until another task takes it. No task may take it while
-- the attempt that began under it is open.
create table task_aliases (
    old_id  text primary key,
    task    integer not null references tasks (n) on delete cascade,
    attempt integer not null check (attempt > 0)    -- the newest at the renaming
) strict, without rowid;

create index task_aliases_task on task_aliases (task);

create index attempts_lost on attempts (worker_id) where outcome in ('died', 'expired');

-- Attachments, and the files they refer to

create table attachments (
    task_id         text not null references tasks (id) on update cascade on delete cascade,
    attachment_type text not null,
    sequence        integer not null,
    name            text not null default '',
    mime_type       text not null default 'text/plain',
    content         text not null,
    file_path       text,
    attempt         integer not null,   -- the attempt of its author; 0 if none
    worker_id       text,
    created_at      integer not null,
    -- The attempt for which it is evidence, 0 before the first; null if for none.
    counts_for      integer check (counts_for >= 0),
    digest          text check (length(digest) = 64),   -- of a file in the media folder
    bytes           integer check (bytes >= 0),
    sha256          text check (length(sha256) = 64),   -- of evidence, in the table or in a file
    primary key (task_id, attachment_type, sequence)
) strict, without rowid;

create index attachments_digest on attachments (digest) where digest is not null;

create table loose_media (
    digest text primary key
) strict, without rowid;

create trigger attachments_let_go after delete on attachments
when old.digest is not null
    and not exists (select 1 from attachments where digest = old.digest)
begin
    insert or ignore into loose_media (digest) values (old.digest);
end;

create trigger attachments_took_up after insert on attachments
when new.digest is not null
begin
    delete from loose_media where digest = new.digest;
end;

-- The feed

create table events (
    id        integer primary key autoincrement,
    timestamp integer not null,
    event     text not null,
    task_id   text,
    worker_id text,          -- the author; null for the program itself
    attempt   integer,
    cause     text,
    reason    text,
    before    text,          -- the changed values as JSON, before and after
    after     text,
    file_path text
) strict;

create index events_task on events (task_id, id) where task_id is not null;

create index events_files on events (id) where file_path is not null;

create index events_file on events (file_path, id) where file_path is not null;

create view task_state_sequence as
select
    id, task_id, worker_id as agent_id, after ->> 'status' as event, reason, timestamp,
    lead(timestamp) over (partition by task_id order by id) as end_timestamp,
    attempt as claim_id, cause
from events
where event in ('created', 'status');

create view claim_sequence as
select
    id, file_path,
    coalesce(before ->> 'worker', after ->> 'worker') as agent_id,
    replace(event, 'mark_', '') as event,
    reason, timestamp,
    case event when 'mark_claimed' then (
        select later.timestamp
        from events as later
        where later.id > events.id and later.file_path = events.file_path and later.event = 'mark_released'
        order by later.id
        limit 1
    ) end as end_timestamp,
    case event when 'mark_released' then (
        select earlier.id
        from events as earlier
        where earlier.id < events.id and earlier.file_path = events.file_path and earlier.event = 'mark_claimed'
        order by earlier.id desc
        limit 1
    ) end as claim_id,
    task_id, cause
from events
where file_path is not null;

-- Answers to calls with an idempotency key, and facts about the store

create table answers (
    scope       text not null,      -- the worker that asked, else its process, else `@person`
    request_id  text not null,
    operation   text not null,
    digest      text not null,      -- SHA-256 of the operation and its arguments
    answer      text not null,
    answered_at integer not null,
    primary key (scope, request_id)
) strict, without rowid;

create table facts (
    name  text primary key,
    value text not null
) strict, without rowid;

-- File marks

create table file_locks (
    file_path text primary key,     -- relative to the project's root, absolute outside of it, or `lock:…`
    stem      text,                 -- of a pattern: the folder of all files that it matches
    worker_id text not null references workers (id),
    task_id   text references tasks (id) on update cascade on delete set null,
    reason    text,
    locked_at integer not null
) strict, without rowid;

create index file_locks_stem on file_locks (stem) where stem is not null;

create index file_locks_worker on file_locks (worker_id);

create index file_locks_task on file_locks (task_id) where task_id is not null;

create table file_wants (
    file_path text not null,
    worker_id text not null references workers (id),
    task_id   text references tasks (id) on update cascade on delete set null,
    reason    text,
    wanted_at integer not null,
    primary key (worker_id, file_path)
) strict, without rowid;

create index file_wants_task on file_wants (task_id) where task_id is not null;

create table task_files (
    task_id   text not null references tasks (id) on update cascade on delete cascade,
    file_path text not null,
    primary key (task_id, file_path)
) strict, without rowid;

-- Messages

create table messages (
    id        integer primary key autoincrement,    -- never reused: a number in an old answer means one message
    sent_at   integer not null,
    sender    text,                                 -- a worker, or `@person`; null for the program itself
    kind      text not null check (kind in ('note', 'question', 'answer', 'stop', 'redirect')),
    address   text,                                 -- as the sender wrote it; null for the next holder of the task
    text      text not null,
    task_id   text references tasks (id) on update cascade on delete set null,
    reply_to  integer,                              -- may be deleted, since messages expire
    thread    integer not null,                     -- the first message of the thread; may be itself
    -- A task without a holder: the message is delivered to the next worker that claims it.
    kept_for  text references tasks (id) on update cascade on delete set null
) strict;

create index messages_thread on messages (thread, id);

create index messages_task on messages (task_id, id) where task_id is not null;

create index messages_kept on messages (kept_for) where kept_for is not null;

create index messages_sent on messages (sent_at);

create table deliveries (
    worker_id  text not null references workers (id),
    message_id integer not null references messages (id) on delete cascade,
    urgent     integer not null check (urgent in (0, 1)),
    told_at    integer,     -- when an answer with at least its beginning went out
    read_at    integer,     -- when one with its full text went out
    primary key (worker_id, message_id),
    check (read_at is null or told_at is not null)
) strict, without rowid;

create index deliveries_message on deliveries (message_id);

create index deliveries_untold on deliveries (worker_id, urgent desc, message_id) where told_at is null;

create index deliveries_unread on deliveries (worker_id, urgent desc, message_id) where read_at is null;

create trigger deliveries_counted_on_insert after insert on deliveries when new.told_at is null
begin
    update workers set untold_messages = untold_messages + 1 where id = new.worker_id;
end;

create trigger deliveries_counted_on_update after update of told_at on deliveries
when old.told_at is null and new.told_at is not null
begin
    update workers set untold_messages = untold_messages - 1 where id = new.worker_id;
end;

create trigger deliveries_counted_on_delete after delete on deliveries when old.told_at is null
begin
    update workers set untold_messages = untold_messages - 1 where id = old.worker_id;
end;

-- Projects and templates

create table projects (
    task         integer primary key references tasks (n) on delete cascade,
    name         text not null unique check (length(name) between 1 and 100),
    instructions text,
    revision     integer not null default 0,    -- grows with each change of the instructions
    defaults     text not null default '{}' check (json_valid(defaults)),
    state        text not null default 'active' check (state in ('active', 'paused', 'closed'))
) strict;

create table templates (
    id         integer primary key,
    project    integer references projects (task) on delete cascade,   -- null: for all
    name       text not null check (length(name) between 1 and 100),
    version    integer not null check (version > 0),
    title      text,
    body       text,
    vars       text not null check (json_valid(vars)),
    steps      text not null check (json_valid(steps)),
    defaults   text not null check (json_valid(defaults)),
    duplicates text not null check (json_valid(duplicates)),
    created_at integer not null,
    created_by text
) strict;

create unique index templates_name on templates (coalesce(project, 0), name, version);

create table instances (
    task integer primary key references tasks (n) on delete cascade,
    step text,      -- the step of the template; null for all of it
    vars text check (vars is null or json_valid(vars)),
    check ((step is null) = (vars is not null))
) strict;

-- Jobs: retries, leases, start times, groups

create table jobs (
    task_id     text primary key references tasks (id) on update cascade on delete cascade,
    max_retries integer check (max_retries >= 0),   -- null: no retries
    backoff     text check (backoff is null or json_valid(backoff)),   -- null: the default
    lease_ms    integer check (lease_ms > 0),       -- the time for an attempt without extensions
    failures    integer not null default 0,         -- counted against `max_retries`; 0 after a fresh start
    losses      integer not null default 0,         -- how often its worker died
    not_before  integer,                            -- set until its start time
    lease_until integer,                            -- set during an attempt with a lease
    -- The same, by the clock that does not run while the machine sleeps.
    lease_awake_ms integer,
    lease_boot  text,
    -- The end of the lease, or the start time.
    due_at      integer generated always as (coalesce(lease_until, not_before)) virtual
) strict, without rowid;

create index jobs_due on jobs (due_at) where due_at is not null;

create table task_groups (
    name         text primary key check (length(name) between 1 and 128),
    most_at_work integer not null check (most_at_work > 0)
) strict, without rowid;

create table unsettled_groups (
    name text primary key
) strict, without rowid;

create trigger tasks_unsettled_on_insert after insert on tasks when new.group_key is not null
begin
    insert into unsettled_groups (name) values (new.group_key) on conflict do nothing;
end;

create trigger tasks_unsettled_on_update
after update of status, worker_id, claimed_at, is_waiting, is_ended, open_blockers, blocked_above,
    open_children, deleted_at, needed_tags, wanted_tags, priority, group_key, parent, project
on tasks
when (old.group_key is not null or new.group_key is not null)
    and (old.standing, old.claimed_at is null, old.queue, old.priority, old.group_key, old.parent)
        is not (new.standing, new.claimed_at is null, new.queue, new.priority, new.group_key, new.parent)
begin
    insert into unsettled_groups (name)
    select old.group_key where old.group_key is not null on conflict do nothing;
    insert into unsettled_groups (name)
    select new.group_key where new.group_key is not null on conflict do nothing;
end;

create trigger tasks_unsettled_on_delete after delete on tasks when old.group_key is not null
begin
    insert into unsettled_groups (name) values (old.group_key) on conflict do nothing;
end;

-- Schedules

create table schedules (
    n        integer primary key,
    name     text not null unique check (length(name) between 1 and 100),
    template text,      -- creates tasks from this template
    vars     text check (vars is null or json_valid(vars)),
    task     text check (task is null or json_valid(task)),     -- or this one, as an argument of `create`
    parent   text references tasks (id) on update cascade on delete cascade,
    cron     text not null,
    zone     text not null default 'UTC',
    missed   text not null default 'one' check (missed in ('one', 'skip', 'all')),
    overlap  text not null default 'allow' check (overlap in ('allow', 'skip')),
    next_at  integer,   -- null while it is paused
    last_at  integer,
    problem  text,      -- the error of the last failure
    failures integer not null default 0 check (failures >= 0),     -- in a row
    retry_at integer,   -- no attempt before, after a failure
    due_at   integer generated always as (max(next_at, coalesce(retry_at, next_at))) virtual,
    check ((template is null) <> (task is null)),
    check ((template is null) = (vars is null))
) strict;

create index schedules_due on schedules (due_at) where due_at is not null;

create index schedules_template on schedules (template) where template is not null;

create index schedules_parent on schedules (parent) where parent is not null;

create table firings (
    schedule integer not null references schedules (n) on delete cascade,
    at       integer not null,
    task     integer references tasks (n) on delete set null,   -- null: none was created
    primary key (schedule, at)
) strict, without rowid;

create index firings_task on firings (task) where task is not null;

-- Costs

create table metrics (
    id        integer primary key autoincrement,
    -- Null once the task is deleted for good: its costs remain.
    task_id   text references tasks (id) on update cascade on delete set null,
    attempt   integer not null,     -- the reporter's newest at the task; 0 if none
    worker_id text not null,
    timestamp integer not null,
    reason    text
) strict;

create index metrics_task on metrics (task_id);

create table metric_values (
    metric_id integer not null references metrics (id),
    name      text not null,        -- `cost_usd` is in millionths of a dollar
    value     integer not null,
    primary key (metric_id, name)
) strict, without rowid;

create table metric_totals (
    worker_id text not null,
    name      text not null,
    value     integer not null,
    primary key (worker_id, name)
) strict, without rowid;

create trigger metrics_totalled after insert on metric_values
begin
    insert into metric_totals (worker_id, name, value)
    select worker_id, new.name, new.value from metrics where id = new.metric_id
    on conflict do update set value = value + excluded.value;
end;

create trigger metrics_stay before update of attempt, worker_id, timestamp, reason on metrics
begin
    select raise(abort, 'metrics are only added to');
end;

create trigger metric_values_stay before update on metric_values
begin
    select raise(abort, 'metrics are only added to');
end;

-- Feedback

create table feedback (
    id        integer primary key autoincrement,
    timestamp integer not null,
    worker_id text,
    message   text not null check (length(message) between 1 and 2000),
    category  text not null check (category in ('tool', 'workflow', 'config', 'ux', 'general')),
    sentiment text check (sentiment in ('positive', 'negative', 'neutral', 'suggestion')),
    tool      text,
    task_id   text references tasks (id) on update cascade on delete set null
) strict;

create index feedback_task on feedback (task_id) where task_id is not null;

-- Derived: tasks by state

create table tallies (
    project  integer not null,      -- 0: no project
    status   text not null,
    standing text not null,
    tasks    integer not null,
    primary key (project, status, standing)
) strict, without rowid;

create trigger tasks_tallied_on_insert after insert on tasks when new.standing is not null
begin
    insert into tallies (project, status, standing, tasks)
    values (coalesce(new.project, 0), new.status, new.standing, 1)
    on conflict do update set tasks = tasks + 1;
end;

create trigger tasks_tallied_on_update
after update of status, worker_id, is_waiting, is_ended, open_blockers, blocked_above, open_children, deleted_at,
    withheld, project
on tasks when old.standing is not new.standing or old.status is not new.status or old.project is not new.project
begin
    update tallies set tasks = tasks - 1
    where project = coalesce(old.project, 0) and status = old.status and standing = old.standing;
    insert into tallies (project, status, standing, tasks)
    select coalesce(new.project, 0), new.status, new.standing, 1 where new.standing is not null
    on conflict do update set tasks = tasks + 1;
end;

create trigger tasks_tallied_on_delete after delete on tasks when old.standing is not null
begin
    update tallies set tasks = tasks - 1
    where project = coalesce(old.project, 0) and status = old.status and standing = old.standing;
end;

-- Derived: ready tasks by tag

create table ready_tags (
    tag      text not null,
    queue    text not null,
    priority integer not null,
    n        integer not null,
    primary key (tag, queue, priority desc, n)
) strict, without rowid;

create index ready_tags_task on ready_tags (n);

create trigger tasks_offered_on_insert after insert on tasks when new.ready = 1 and new.tags <> '[]'
begin
    insert into ready_tags (tag, queue, priority, n)
    select value, new.queue, new.priority, new.n from json_each(new.tags);
end;

create trigger tasks_offered_on_update
after update of status, worker_id, is_waiting, is_ended, open_blockers, blocked_above, open_children,
    deleted_at, withheld, tags, needed_tags, wanted_tags, priority, project
on tasks
when (old.tags <> '[]' or new.tags <> '[]') and (old.ready = 1 or new.ready = 1)
    and (old.ready, old.tags, old.queue, old.priority) is not (new.ready, new.tags, new.queue, new.priority)
begin
    delete from ready_tags where n = old.n;
    insert into ready_tags (tag, queue, priority, n)
    select value, new.queue, new.priority, new.n from json_each(new.tags) where new.ready = 1;
end;

create trigger tasks_offered_on_delete after delete on tasks when old.ready = 1 and old.tags <> '[]'
begin
    delete from ready_tags where n = old.n;
end;

-- Derived: estimates

create table estimates (
    id               integer primary key check (id = 1),
    tasks            integer not null,      -- tasks with an estimate of time
    time_estimate_ms integer not null,
    time_actual_ms   integer not null,      -- of these tasks
    points           integer not null
) strict;

create trigger tasks_estimated_on_insert after insert on tasks
when new.deleted_at is null and (new.time_estimate_ms is not null or new.points is not null)
begin
    update estimates
    set tasks = tasks + (new.time_estimate_ms is not null),
        time_estimate_ms = time_estimate_ms + coalesce(new.time_estimate_ms, 0),
        time_actual_ms = time_actual_ms + iif(new.time_estimate_ms is null, 0, new.time_actual_ms),
        points = points + coalesce(new.points, 0);
end;

create trigger tasks_estimated_on_update
after update of time_estimate_ms, time_actual_ms, points, deleted_at on tasks
when coalesce(old.time_estimate_ms, new.time_estimate_ms, old.points, new.points) is not null
begin
    update estimates
    set tasks = tasks + (new.deleted_at is null and new.time_estimate_ms is not null)
            - (old.deleted_at is null and old.time_estimate_ms is not null),
        time_estimate_ms = time_estimate_ms
            + iif(new.deleted_at is null, coalesce(new.time_estimate_ms, 0), 0)
            - iif(old.deleted_at is null, coalesce(old.time_estimate_ms, 0), 0),
        time_actual_ms = time_actual_ms
            + iif(new.deleted_at is null and new.time_estimate_ms is not null, new.time_actual_ms, 0)
            - iif(old.deleted_at is null and old.time_estimate_ms is not null, old.time_actual_ms, 0),
        points = points
            + iif(new.deleted_at is null, coalesce(new.points, 0), 0)
            - iif(old.deleted_at is null, coalesce(old.points, 0), 0);
end;

create trigger tasks_estimated_on_delete after delete on tasks
when old.deleted_at is null and (old.time_estimate_ms is not null or old.points is not null)
begin
    update estimates
    set tasks = tasks - (old.time_estimate_ms is not null),
        time_estimate_ms = time_estimate_ms - coalesce(old.time_estimate_ms, 0),
        time_actual_ms = time_actual_ms - iif(old.time_estimate_ms is null, 0, old.time_actual_ms),
        points = points - coalesce(old.points, 0);
end;

-- Derived: full-text indexes

create table search_progress (
    source text primary key check (source in ('tasks', 'thoughts')),
    until  integer not null
) strict, without rowid;

create table search_due (
    n integer primary key
) strict;

create view task_texts as
select n, case when length(id) = 36 then substr(id, -8) else id end as id, title, description
from tasks;

create virtual table tasks_fts using fts5 (
    id, title, description, content = 'task_texts', content_rowid = 'n', tokenize = 'porter unicode61'
);

create trigger tasks_searched_on_insert after insert on tasks
when new.n <= (select until from search_progress where source = 'tasks')
begin
    insert into search_due (n) values (new.n) on conflict do nothing;
end;

create trigger tasks_searched_on_update before update of id, title, description on tasks
when old.n <= (select until from search_progress where source = 'tasks')
    and (old.id <> new.id or old.title <> new.title or old.description is not new.description)
begin
    insert into tasks_fts (tasks_fts, rowid, id, title, description)
    select 'delete', n, id, title, description
    from task_texts
    where n = old.n and not exists (select 1 from search_due where n = old.n);
    insert into search_due (n) values (old.n) on conflict do nothing;
end;

create trigger tasks_searched_on_delete before delete on tasks
when old.n <= (select until from search_progress where source = 'tasks')
begin
    insert into tasks_fts (tasks_fts, rowid, id, title, description)
    select 'delete', n, id, title, description
    from task_texts
    where n = old.n and not exists (select 1 from search_due where n = old.n);
    delete from search_due where n = old.n;
end;

create view thought_texts as
select id, after ->> 'thought' as thought
from events
where event = 'thought';

create virtual table thoughts_fts using fts5 (
    thought, content = 'thought_texts', content_rowid = 'id', tokenize = 'porter unicode61'
);

create table attachment_numbers (
    n               integer primary key,
    task_id         text not null,
    attachment_type text not null,
    sequence        integer not null,
    is_indexed      integer not null default 0 check (is_indexed in (0, 1)),
    unique (task_id, attachment_type, sequence)
) strict;

create index attachment_numbers_due on attachment_numbers (n) where is_indexed = 0;

create view attachment_texts as
select
    numbered.n, name,
    case when mime_type like 'text/%' or mime_type like '%json%' or mime_type like '%xml%' or mime_type like '%yaml%'
            or mime_type in ('application/javascript', 'application/sql', 'application/toml', 'application/x-sh')
        then substr(content, 1, 65536)
    end as content
from attachment_numbers as numbered
join attachments as attached
    on attached.task_id = numbered.task_id
    and attached.attachment_type = numbered.attachment_type
    and attached.sequence = numbered.sequence;

create virtual table attachments_fts using fts5 (
    name, content, content = 'attachment_texts', content_rowid = 'n', tokenize = 'porter unicode61'
);

create trigger attachments_searched_on_insert after insert on attachments
begin
    insert into attachment_numbers (task_id, attachment_type, sequence)
    values (new.task_id, new.attachment_type, new.sequence);
end;

create trigger attachments_searched_on_update
before update of task_id, attachment_type, sequence, name, mime_type, content on attachments
begin
    insert into attachments_fts (attachments_fts, rowid, name, content)
    select 'delete', n, name, content
    from attachment_texts
    where n = (
        select n from attachment_numbers
        where task_id = old.task_id and attachment_type = old.attachment_type
            and sequence = old.sequence and is_indexed = 1);
    update attachment_numbers
    set task_id = new.task_id, attachment_type = new.attachment_type, sequence = new.sequence, is_indexed = 0
    where task_id = old.task_id and attachment_type = old.attachment_type and sequence = old.sequence;
end;

create trigger attachments_searched_on_delete before delete on attachments
begin
    insert into attachments_fts (attachments_fts, rowid, name, content)
    select 'delete', n, name, content
    from attachment_texts
    where n = (
        select n from attachment_numbers
        where task_id = old.task_id and attachment_type = old.attachment_type
            and sequence = old.sequence and is_indexed = 1);
    delete from attachment_numbers
    where task_id = old.task_id and attachment_type = old.attachment_type and sequence = old.sequence;
end;

-- The first rows of every store

insert into estimates (id, tasks, time_estimate_ms, time_actual_ms, points) values (1, 0, 0, 0, 0);
insert into search_progress (source, until) values ('tasks', 0), ('thoughts', 0);
