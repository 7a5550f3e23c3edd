"""What pages and commands read of a running or stopped program: notes, numbers, schedules, the doctor, and all of them as one shelf."""
