"""The whole screen: what needs the extra, and is loaded only when somebody asks for it."""
