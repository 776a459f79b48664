-- Recomputes all counts from the states and the links.

update tasks
set open_blockers = counted.blockers
from (
    select task.id, count(distinct source.id) as blockers
    from tasks as task
    left join dependencies on to_task_id = task.id and holds = 'start'
    left join tasks as source on source.id = from_task_id and source.is_blocking
    group by task.id
) as counted
where tasks.id = counted.id and tasks.open_blockers <> counted.blockers;

update tasks
set open_children = counted.children
from (
    select task.id, count(child.id) as children
    from tasks as task
    left join dependencies on from_task_id = task.id and vertical = 1 and holds = 'completion'
    left join tasks as child on child.id = to_task_id and child.is_blocking
    group by task.id
) as counted
where tasks.id = counted.id and tasks.open_children <> counted.children;

update tasks
set parent = (
    select above.n
    from dependencies join tasks as above on above.id = from_task_id
    where to_task_id = tasks.id and vertical = 1
)
where (parent is not null) <> (id in (select to_task_id from dependencies where vertical = 1));

with recursive above (id, blocked) as (
    select id, 0
    from tasks
    where id not in (select to_task_id from dependencies where vertical = 1)
    union all
    select to_task_id, above.blocked + (parent.open_blockers > 0)
    from above
    join dependencies on from_task_id = above.id and vertical = 1
    join tasks as parent on parent.id = above.id
)
update tasks
set blocked_above = above.blocked
from above
where tasks.id = above.id and tasks.blocked_above <> above.blocked;

with recursive within (id, project) as (
    select id, (select task from projects where task = tasks.n)
    from tasks
    where id not in (select to_task_id from dependencies where vertical = 1)
    union all
    select to_task_id, within.project
    from within
    join dependencies on from_task_id = within.id and vertical = 1
)
update tasks
set project = within.project
from within
where tasks.id = within.id and tasks.project is not within.project;

delete from tallies;
insert into tallies (project, status, standing, tasks)
select coalesce(project, 0), status, standing, count(*)
from tasks
where standing is not null
group by 1, 2, 3;

insert into unsettled_groups (name)
select distinct group_key
from tasks
where group_key is not null
on conflict do nothing;
