-- Which file an event is about.
alter table events add column file_path text;

create index events_files on events (id) where file_path is not null;
create index events_file on events (file_path, id) where file_path is not null;

-- What a worker has been told of marks: events up to the first number for certain; up to the second in
-- its last answer, which may have been lost.
alter table workers add column last_claim_sequence integer not null default 0;
alter table workers add column told_claim_sequence integer not null default 0;

-- The marks there are. Those of two workers never overlap, so that a path has one row at most.
create table file_locks (
    file_path text primary key,     -- relative to the project's root, absolute outside of it, or `lock:…`
    stem      text,                 -- of a pattern: the folder that everything it stands for is in
    worker_id text not null references workers (id),
    task_id   text references tasks (id) on update cascade on delete set null,
    reason    text,
    locked_at integer not null
) strict, without rowid;

-- A path asks for the patterns above it, instead of for all.
create index file_locks_stem on file_locks (stem) where stem is not null;
create index file_locks_worker on file_locks (worker_id);
create index file_locks_task on file_locks (task_id) where task_id is not null;

-- Who wanted to mark what another had marked, and has not got it since.
create table file_wants (
    file_path text not null,
    worker_id text not null references workers (id),
    task_id   text references tasks (id) on update cascade on delete set null,
    reason    text,
    wanted_at integer not null,
    primary key (worker_id, file_path)
) strict, without rowid;

create index file_wants_task on file_wants (task_id) where task_id is not null;

-- The files that a task says it is about. Whoever claims it marks them.
create table task_files (
    task_id   text not null references tasks (id) on update cascade on delete cascade,
    file_path text not null,
    primary key (task_id, file_path)
) strict, without rowid;

-- What happened to marks, as the documents name it. Numbers are those of the feed: one order for all.
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
