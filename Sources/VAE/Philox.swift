/// Models.
