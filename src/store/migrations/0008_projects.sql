-- A project is a task that is under no other, and what is said of all work in it.
create table projects (
    task         integer primary key references tasks (n) on delete cascade,
    name         text not null unique check (length(name) between 1 and 100),
    instructions text,
    revision     integer not null default 0,    -- grows with each change of the instructions
    defaults     text not null default '{}' check (json_valid(defaults)),
    state        text not null default 'active' check (state in ('active', 'paused', 'closed'))
) strict;

-- What tasks are made from. A change is a new version; the old ones stay, since tasks name them.
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

-- The project that a task is in, the project's own task included.
alter table tasks add column project integer references projects (task) on delete set null;
alter table tasks add column template integer references templates (id) on delete set null;
-- What no two tasks may be at a time. It stays with a task that has ended, until another one wants it.
alter table tasks add column unique_key text;

create index tasks_project on tasks (project) where project is not null;
create index tasks_template on tasks (template) where template is not null;
create unique index tasks_unique on tasks (unique_key) where unique_key is not null;

-- What a task was made of, beside its template.
create table instances (
    task integer primary key references tasks (n) on delete cascade,
    step text,      -- which step of the template; null for the whole
    vars text check (json_valid(vars)),
    check ((step is null) = (vars is not null))
) strict;

-- The project whose work the worker looks for.
alter table workers add column project integer references projects (task) on delete set null;
create index workers_project on workers (project) where project is not null;

-- A project's own task is no work, so that it is never ready; and queues and counts are kept by project.
drop trigger tasks_tallied_on_insert;
drop trigger tasks_tallied_on_update;
drop trigger tasks_tallied_on_delete;
drop index tasks_ready;
drop index tasks_blocked;
alter table tasks drop column ready;
alter table tasks drop column standing;
alter table tasks drop column demand;

-- What makes a task ready by itself. Whether its project lets it be claimed is asked of the project, so
-- that a pause is a change of one row.
alter table tasks add column ready integer generated always as (
    is_waiting and worker_id is null and deleted_at is null
    and open_blockers = 0 and blocked_above = 0 and open_children = 0 and project is not n
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
        else 'ready'
    end
) virtual;
-- The queue that the task is in when it is ready: its project, and what it asks of its worker.
alter table tasks add column queue text generated always as (
    coalesce(project, '') || needed_tags || wanted_tags
) virtual;

-- Each queue in the order in which its tasks are handed out.
create index tasks_ready on tasks (queue, priority desc, n) where ready = 1;
create index tasks_blocked on tasks (n) where standing = 'blocked';

drop table tallies;

-- How many tasks there are of each project, state and standing, kept by the triggers below.
create table tallies (
    project  integer not null,      -- 0: in none
    status   text not null,
    standing text not null,
    tasks    integer not null,
    primary key (project, status, standing)
) strict, without rowid;

insert into tallies (project, status, standing, tasks)
select coalesce(project, 0), status, standing, count(*)
from tasks
where standing is not null
group by 1, 2, 3;

create trigger tasks_tallied_on_insert after insert on tasks when new.standing is not null
begin
    insert into tallies (project, status, standing, tasks)
    values (coalesce(new.project, 0), new.status, new.standing, 1)
    on conflict do update set tasks = tasks + 1;
end;

create trigger tasks_tallied_on_update
after update of status, worker_id, is_waiting, is_ended, open_blockers, blocked_above, open_children, deleted_at,
    project
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
