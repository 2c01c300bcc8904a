"""dbt: what a project's manifest says, and running its nodes by the real tool in a process of its own."""
