-- Tasks that are made again and again.

create table schedules (
    n        integer primary key,
    name     text not null unique check (length(name) between 1 and 100),
    template text,      -- what is made: a task of this template
    vars     text check (json_valid(vars)),
    task     text check (json_valid(task)),     -- or this one, as `create` takes it
    parent   text references tasks (id) on update cascade on delete cascade,
    cron     text not null,
    zone     text not null default 'UTC',
    missed   text not null default 'one' check (missed in ('one', 'skip', 'all')),
    overlap  text not null default 'allow' check (overlap in ('allow', 'skip')),
    next_at  integer,   -- null while it is paused
    last_at  integer,
    problem  text,      -- why the last one could not be made
    check ((template is null) <> (task is null)),
    check ((template is null) = (vars is null))
) strict;

create index schedules_due on schedules (next_at) where next_at is not null;
create index schedules_parent on schedules (parent) where parent is not null;

-- The times that came. That each is there once is what lets a task be made once, whoever comes by.
create table firings (
    schedule integer not null references schedules (n) on delete cascade,
    at       integer not null,
    task     integer references tasks (n) on delete set null,   -- null: none was made
    primary key (schedule, at)
) strict, without rowid;

create index firings_task on firings (task) where task is not null;
