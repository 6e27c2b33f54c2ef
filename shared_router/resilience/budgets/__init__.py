"""What bounds the spend: a budget reserves a call's upper bound before it is made, and settles after."""
