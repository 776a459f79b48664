-- Times are milliseconds since 1970. Names follow the tool's documents, since
-- agents read these tables with their own queries.

create table workers (
    id              text primary key,
    tags            text not null check (json_valid(tags)),
    workflow        text not null,
    max_claims      integer not null check (max_claims >= 0),   -- 0: no limit
    registered_at   integer not null,
    last_heartbeat  integer not null,
    -- The process it connected through; null for a single command.
    pid             integer,
    process_start   integer,
    boot            text,
    host            text,
    -- How it went; null while it is here.
    left_at         integer,
    left_how        text check (left_how in ('disconnected', 'died', 'expired', 'replaced')),
    check ((left_at is null) = (left_how is null))
) strict, without rowid;

create index workers_present on workers (id) where left_at is null;

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
    claimed_at       integer,               -- set while an attempt is under way
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

    -- What the state means in the task's workflow, as `take_step` stored it.
    is_waiting       integer not null check (is_waiting in (0, 1)),
    is_blocking      integer not null check (is_blocking in (0, 1)),
    is_ended         integer not null check (is_ended in (0, 1)),
    -- Counts that make readiness a property of the row. `recount` recomputes them.
    open_blockers    integer not null default 0 check (open_blockers >= 0),
    blocked_above    integer not null default 0 check (blocked_above >= 0),
    open_children    integer not null default 0 check (open_children >= 0),

    -- The one predicate of readiness: listing, claiming and explaining use it.
    ready integer generated always as (
        is_waiting and worker_id is null and deleted_at is null
        and open_blockers = 0 and blocked_above = 0 and open_children = 0
    ) virtual,
    -- Which of the counted groups the task is in; null once it is deleted.
    standing text generated always as (
        case
            when deleted_at is not null then null
            when is_ended then 'ended'
            when worker_id is not null then 'held'
            when not is_waiting then 'paused'
            when open_blockers > 0 or blocked_above > 0 then 'blocked'
            when open_children > 0 then 'container'
            else 'ready'
        end
    ) virtual,
    -- Workers qualify for tasks by this: tasks with the same demand are one queue.
    demand text generated always as (needed_tags || wanted_tags) virtual,

    check (claimed_at is null or worker_id is not null),
    check (not (is_ended and worker_id is not null))
) strict;

-- Each demand is a queue in the order in which its tasks are handed out.
create index tasks_ready on tasks (demand, priority desc, n) where ready = 1;
create index tasks_held on tasks (worker_id, claimed_at) where worker_id is not null;
create index tasks_blocked on tasks (n) where standing = 'blocked';
create index tasks_status on tasks (status, n);
create index tasks_tail on tasks (substr(id, -8)) where length(id) = 36;

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

create table dependencies (
    from_task_id text not null references tasks (id) on update cascade on delete cascade,
    to_task_id   text not null references tasks (id) on update cascade on delete cascade,
    dep_type     text not null,
    -- What the kind meant when `recount` last looked at the configuration.
    vertical     integer not null check (vertical in (0, 1)),
    holds        text check (holds in ('start', 'completion')),
    primary key (from_task_id, to_task_id, dep_type),
    check (from_task_id <> to_task_id)
) strict, without rowid;

create index dependencies_to on dependencies (to_task_id, vertical, holds);
create unique index one_parent on dependencies (to_task_id) where vertical = 1;

-- One row for each claim of a task. The number fences off earlier holders.
create table attempts (
    task_id    text not null references tasks (id) on update cascade on delete cascade,
    attempt    integer not null check (attempt > 0),
    worker_id  text not null,
    claimed_at integer not null,
    ended_at   integer,
    outcome    text,
    reason     text,
    time_ms    integer not null default 0,
    primary key (task_id, attempt),
    check ((ended_at is null) = (outcome is null))
) strict, without rowid;

create index attempts_lost on attempts (worker_id) where outcome in ('died', 'expired');

create table attachments (
    task_id         text not null references tasks (id) on update cascade on delete cascade,
    attachment_type text not null,
    sequence        integer not null,
    name            text not null default '',
    mime_type       text not null default 'text/plain',
    content         text not null,
    file_path       text,
    attempt         integer not null,   -- of its maker; 0 if that was none
    worker_id       text,
    created_at      integer not null,
    primary key (task_id, attachment_type, sequence)
) strict, without rowid;

-- Everything that happened, in the order in which it happened.
create table events (
    id        integer primary key autoincrement,
    timestamp integer not null,
    event     text not null,
    task_id   text,
    worker_id text,          -- who did it; null for the program itself
    attempt   integer,
    cause     text,
    reason    text,
    before    text,          -- what changed, as JSON: as it was, and as it is
    after     text
) strict;

create index events_task on events (task_id, id) where task_id is not null;

-- The states of each task with their ends, as the documents name them.
create view task_state_sequence as
select
    id, task_id, worker_id as agent_id, after ->> 'status' as event, reason, timestamp,
    lead(timestamp) over (partition by task_id order by id) as end_timestamp,
    attempt as claim_id, cause
from events
where event in ('created', 'status');

-- How many tasks there are of each state and standing, kept by the triggers below.
create table tallies (
    status   text not null,
    standing text not null,
    tasks    integer not null,
    primary key (status, standing)
) strict, without rowid;

create trigger tasks_tallied_on_insert after insert on tasks when new.standing is not null
begin
    insert into tallies (status, standing, tasks) values (new.status, new.standing, 1)
    on conflict do update set tasks = tasks + 1;
end;

create trigger tasks_tallied_on_update
after update of status, worker_id, is_waiting, is_ended, open_blockers, blocked_above, open_children, deleted_at
on tasks when old.standing is not new.standing or old.status is not new.status
begin
    update tallies set tasks = tasks - 1 where status = old.status and standing = old.standing;
    insert into tallies (status, standing, tasks)
    select new.status, new.standing, 1 where new.standing is not null
    on conflict do update set tasks = tasks + 1;
end;

create trigger tasks_tallied_on_delete after delete on tasks when old.standing is not null
begin
    update tallies set tasks = tasks - 1 where status = old.status and standing = old.standing;
end;

-- The answers that were given to requests with a name, for callers that repeat themselves.
create table answers (
    request_id  text not null,
    worker_id   text not null,      -- who asked; empty if nobody said so
    operation   text not null,
    answer      text not null,
    answered_at integer not null,
    primary key (request_id, worker_id)
) strict, without rowid;

-- Facts about the file itself, such as the rules that its counts were made with.
create table facts (
    name  text primary key,
    value text not null
) strict, without rowid;
