-- A deleted project or group stays for the rows and dead keys that are its: its name is kept here,
-- and `name` is its id, so that the name is free again.
ALTER TABLE projects ADD COLUMN deleted_name TEXT;
ALTER TABLE groups ADD COLUMN deleted_name TEXT;

-- How many keys are in a project or group, and whether it can go.
CREATE INDEX keys_live_project ON keys (project_id) WHERE revoked_at IS NULL;
CREATE INDEX keys_live_group ON keys (group_id) WHERE revoked_at IS NULL;

-- Names as they were then: what is renamed or deleted later is still known by what it was called.
ALTER TABLE audit ADD COLUMN username TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN subject_name TEXT NOT NULL DEFAULT '';

ALTER TABLE groups ADD COLUMN max_parallel INTEGER;
