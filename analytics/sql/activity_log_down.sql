DROP FUNCTION app.drop_activity_partitions(date);
DROP FUNCTION app.make_activity_partitions(integer, date);
DROP TABLE user_activity_logs;
DROP PROCEDURE app.seal_partition(regclass);
