"""Who listens to what people answer in chats, and whom they may answer for."""
