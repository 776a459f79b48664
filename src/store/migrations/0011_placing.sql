-- A new task is written with the task that it is in. So that its link costs little, the trigger
-- asks whether there is anything to change before it changes it.
drop trigger tasks_placed_on_insert;

create trigger tasks_placed_on_insert after insert on dependencies
when new.vertical = 1
    and (select parent from tasks where id = new.to_task_id)
        is not (select n from tasks where id = new.from_task_id)
begin
    update tasks
    set parent = (select n from tasks where id = new.from_task_id)
    where id = new.to_task_id;
end;
