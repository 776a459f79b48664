-- Work that may be tried again, that has its time, or that shares something scarce.

drop index tasks_ready;
drop index tasks_blocked;
drop trigger tasks_tallied_on_insert;
drop trigger tasks_tallied_on_update;
drop trigger tasks_tallied_on_delete;
alter table tasks drop column ready;
alter table tasks drop column standing;

-- The age of the task it is in, as the triggers below copy it from the link.
alter table tasks add column parent integer;
-- Whether `jobs` says more of it: what is rare costs the others nothing.
alter table tasks add column is_job integer not null default 0 check (is_job in (0, 1));
-- Why it is not handed out though nothing blocks it: 1, its time has not come; 2, it is not its group's turn.
alter table tasks add column withheld integer not null default 0 check (withheld in (0, 1, 2));
-- Of the tasks with the same key only so many are at work at a time.
alter table tasks add column group_key text;

-- The one predicate of readiness: listing, claiming and explaining use it.
alter table tasks add column ready integer generated always as (
    is_waiting and worker_id is null and deleted_at is null
    and open_blockers = 0 and blocked_above = 0 and open_children = 0 and project is not n and withheld = 0
) virtual;
-- Which of the counted groups the task is in; null once it is deleted.
alter table tasks add column standing text generated always as (
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
) virtual;

update tasks
set parent = (
    select above.n
    from dependencies join tasks as above on above.id = from_task_id
    where to_task_id = tasks.id and vertical = 1
)
where id in (select to_task_id from dependencies where vertical = 1);

-- Each queue in the order in which its tasks are handed out.
create index tasks_ready on tasks (queue, priority desc, n) where ready = 1;
create index tasks_blocked on tasks (n) where standing = 'blocked';
-- The same queues of what is directly in a task, and where else to look below it.
create index tasks_ready_in on tasks (parent, queue, priority desc, n) where ready = 1 and parent is not null;
-- And of what was made from a template.
create index tasks_ready_of on tasks (template, queue, priority desc, n) where ready = 1 and template is not null;
create index tasks_parts_in on tasks (parent, n) where open_children > 0 and parent is not null;
-- Whose turn it is in a group, and who is at work.
create index tasks_in_turn on tasks (group_key, withheld, queue, coalesce(parent, 0), priority desc, n)
where group_key is not null and standing in ('ready', 'limited');
create index tasks_in_group on tasks (group_key) where group_key is not null and claimed_at is not null;

create trigger tasks_placed_on_insert after insert on dependencies when new.vertical = 1
begin
    update tasks
    set parent = (select n from tasks where id = new.from_task_id)
    where id = new.to_task_id and parent is not (select n from tasks where id = new.from_task_id);
end;

create trigger tasks_placed_on_delete after delete on dependencies when old.vertical = 1
begin
    update tasks set parent = null where id = old.to_task_id;
end;

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

-- Ready work by tag, in the order in which it is handed out: without this, who asks for one tag
-- would pass over all work that has others. Kept by the triggers below.
create table ready_tags (
    tag      text not null,
    queue   text not null,
    priority integer not null,
    n        integer not null,
    primary key (tag, queue, priority desc, n)
) strict, without rowid;

create index ready_tags_task on ready_tags (n);

insert into ready_tags (tag, queue, priority, n)
select tag, queue, priority, n
from tasks join task_tags on task_id = tasks.id
where ready = 1;

-- After `tags`, which an insert writes with the row and `task_tags` only later.
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

-- What there is to know of a task that may be tried again, has its time, or has a lease.
create table jobs (
    task_id     text primary key references tasks (id) on update cascade on delete cascade,
    max_retries integer check (max_retries >= 0),   -- null: a failure is the end
    backoff     text check (backoff is null or json_valid(backoff)),   -- null: as usual
    lease_ms    integer check (lease_ms > 0),       -- how long an attempt may take if it is not extended
    failures    integer not null default 0,         -- against `max_retries`; a fresh start sets it back
    losses      integer not null default 0,         -- how often its worker died
    not_before  integer,                            -- set while its time has not come
    lease_until integer,                            -- set while an attempt with a lease is under way
    -- When somebody has to look after it.
    due_at      integer generated always as (coalesce(lease_until, not_before)) virtual
) strict, without rowid;

create index jobs_due on jobs (due_at) where due_at is not null;

-- How many tasks of a group may be at work at a time.
create table task_groups (
    name         text primary key check (length(name) between 1 and 128),
    most_at_work integer not null check (most_at_work > 0)
) strict, without rowid;

-- Groups in which somebody else's turn may have come. Empty whenever a transaction ends.
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

-- What kind of failure ended the attempt, in its worker's word.
alter table attempts add column error_class text;

-- Which work the worker asked for when it last claimed, so that the next one is of the same.
alter table workers add column selector text check (selector is null or json_valid(selector));
