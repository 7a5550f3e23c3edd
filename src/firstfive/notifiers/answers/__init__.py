"""What people answer in chats that say who pressed, brought in without an address of ours that the chat could reach."""
